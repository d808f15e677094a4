import { UnsupportedFeatureError } from '../../errors.js';
import { hostPlatform, parsePlatform } from '../../image/index.js';
import type { Reporter, StepLabel } from '../../progress.js';
import type { SandboxPlan, SandboxResult, SandboxWarning } from '../../sandbox/index.js';
import { RunFailedError } from './errors.js';
import type { Toolbox } from './toolbox.js';

export interface RunCommandOptions {
  /** As progress lines name it. */
  readonly step: StepLabel;
  /** Of the image, as USER has it. */
  readonly user: string;
  readonly toolbox: Toolbox;
  readonly signal: AbortSignal;
}

/**
 * Runs the command of a RUN; what it prints is reported, and kept whole in a file of the store.
 *
 * @throws {RunFailedError} it did not succeed; when the build wants to look into that, after the shell has ended
 * @throws {UnsupportedFeatureError} programs of its platform cannot run here
 */
export async function runCommand(plan: SandboxPlan, { step, user, toolbox, signal }: RunCommandOptions): Promise<void> {
  // Loaded by the first command that runs: a build from the cache needs none of it.
  const { executionOf, runInSandbox } = await import('../../sandbox/index.js');
  refuseForeign(toolbox.platform, executionOf);
  const log = toolbox.store.openStepLog();
  const onOutput = (stream: 'stdout' | 'stderr', bytes: Uint8Array): void => {
    log.write(bytes);
    toolbox.reporter.report({ kind: 'step-output', step, stream, bytes });
  };
  try {
    const result = await runInSandbox(plan, { signal, onOutput });
    warn(result, step, user, toolbox);
    const failure = failureOf(result, step, log.path);
    if (failure === undefined) return;
    await toolbox.onFailedCommand?.(failure, step, async (env) => {
      const shell: SandboxPlan = { ...plan, argv: shellOf(plan.argv), env: [...plan.env, ...env], stdio: 'inherit' };
      await runInSandbox(shell, { signal: toolbox.interrupted });
    });
    throw failure;
  } finally {
    log.close();
  }
}

function refuseForeign(platform: string, executionOf: typeof import('../../sandbox/index.js').executionOf): void {
  const { os, architecture } = parsePlatform(platform);
  const own = hostPlatform(process.arch);
  if (os !== own.os) throw new UnsupportedFeatureError(`Cannot run commands for ${platform}: only Linux can run here`);
  const execution = executionOf(architecture, own.architecture);
  if (execution.kind !== 'impossible') return;
  throw new UnsupportedFeatureError(`Cannot run commands for ${platform} on ${own.os}/${own.architecture}: ${execution.reason}`, {
    hint: 'Install qemu-user-static (Debian, Ubuntu: apt-get install qemu-user-static binfmt-support; Fedora: dnf install qemu-user-static), or cross-compile in a stage FROM --platform=$BUILDPLATFORM',
  });
}

/** What has been said of the machine itself, once for all commands of a build. */
const told = new WeakMap<Reporter, Set<string>>();

function warn({ warnings, shortfall }: SandboxResult, step: StepLabel, user: string, { reporter }: Toolbox): void {
  const said = told.get(reporter) ?? new Set();
  told.set(reporter, said);
  const tell = (text: string): void => {
    if (said.has(text)) return;
    said.add(text);
    reporter.report({ kind: 'warning', text });
  };
  if (shortfall !== undefined) tell(shortfall);
  for (const warning of warnings) {
    const text = describeWarning(warning, step.text, user);
    // It is the same for every command.
    if (warning === 'fake-ids') tell(text);
    else reporter.report({ kind: 'warning', text });
  }
}

function describeWarning(warning: SandboxWarning, step: string, user: string): string {
  switch (warning) {
    case 'fake-ids':
      return 'there is one id only, and this kernel has no seccomp notification: the owners that commands give to files are lost';
    case 'runtime-ids':
      return 'there is one id only, and a runtime of OCI makes no others believed: the owners that commands give to files are lost';
    case 'user':
      return `${step}: there is one id only, so the command ran as root of its sandbox instead of user ${user}`;
    case 'processes':
      return `${step}: the command has no namespace for processes, because this system forbids one: it sees those outside`;
    case 'proc':
      return `${step}: /proc shows the processes outside, because this system forbids a new one`;
  }
}

function failureOf(result: SandboxResult, { text }: StepLabel, log: string | undefined): RunFailedError | undefined {
  const outOfMemory = result.outOfMemory === true;
  if (result.kind === 'signaled') return new RunFailedError(text, { signal: result.signal, outOfMemory }, log);
  return result.code === 0 ? undefined : new RunFailedError(text, { exitCode: result.code, outOfMemory }, log);
}

/** The shell that was given the command, without the command; the usual one for a program that was started by itself. */
function shellOf(argv: readonly string[]): readonly string[] {
  const [program] = argv;
  return argv.length >= 3 && argv.at(-2)?.startsWith('-') === true && program !== undefined ? [program] : ['/bin/sh'];
}
