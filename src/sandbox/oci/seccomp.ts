import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { nativeFile } from '../../sys/index.js';
import { applies } from '../seccomp/compile-profile.js';
import { type Condition, parseProfile } from '../seccomp/profile.js';

const ARCHITECTURES = {
  x64: { name: 'SCMP_ARCH_X86_64', goName: 'amd64' },
  arm64: { name: 'SCMP_ARCH_AARCH64', goName: 'arm64' },
} as const;

/**
 * The `linux.seccomp` of a container: a profile with its rules picked out for these capabilities and this machine.
 *
 * @param text JSON in the format of containers-common; undefined: the profile that comes with tsbuild
 * @see https://github.com/opencontainers/runtime-spec/blob/v1.2.0/config-linux.md#seccomp
 */
export function ociSeccomp(text: string | undefined, capabilities: readonly string[]): object | undefined {
  const machine = process.arch === 'x64' || process.arch === 'arm64' ? ARCHITECTURES[process.arch] : undefined;
  if (machine === undefined) return undefined;
  const profile = parseProfile(text ?? readFileSync(nativeFile('seccomp-default.json'), 'utf8'));
  const own = profile.architectures?.find(({ architecture }) => architecture === machine.name);
  const rules = profile.rules.filter((rule) => applies(rule, machine.goName, { capabilities, kernel: release() }));
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultAction === 'SCMP_ACT_ERRNO' ? { defaultErrnoRet: profile.defaultErrno } : {}),
    architectures: [machine.name, ...(own?.subArchitectures.filter((name) => name !== machine.name) ?? [])],
    syscalls: rules.map(({ names, action, errno, conditions }) => ({
      names,
      action,
      ...(errno === undefined ? {} : { errnoRet: errno }),
      ...(conditions.length === 0 ? {} : { args: conditions.map(argumentOf) }),
    })),
  };
}

function argumentOf({ index, value, valueTwo, op }: Condition): object {
  return { index, value: Number(value), ...(valueTwo === 0n ? {} : { valueTwo: Number(valueTwo) }), op };
}
