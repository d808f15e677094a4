import type { ContainerConfig } from '../../image/index.js';
import { Fault, heredocText, type Mount, type MountSpec, type RunInstruction, resolveMount } from '../../parser/index.js';
import type { ArgScope } from './build-arguments.js';
import { shellOf } from './container-config.js';
import { inWord } from './fault-location.js';
import type { InputSource } from './graph.js';
import { absolutePath } from './image-path.js';
import type { RunMount, RunStep, ScriptFile } from './step.js';

export interface RunContext {
  readonly config: ContainerConfig;
  /** Variables of `config`. */
  readonly environment: ReadonlyMap<string, string>;
  readonly scope: ArgScope;
  readonly proxies: RunStep['proxies'];
  readonly expand: (text: string) => string;
  /** The final name of a mount's `from`. */
  readonly expandFrom: (text: string) => string;
  readonly resolveInput: (from: string) => InputSource;
}

/** All of a RUN step but what every step has. */
export type RunParts = Omit<RunStep, 'kind' | 'instruction' | 'display' | 'createdBy' | 'triggered' | 'before' | 'after'>;

/**
 * @throws {Fault} a mount's values are wrong
 */
export function lowerRun(instruction: RunInstruction, context: RunContext): RunParts {
  const { config, environment, scope } = context;
  const workingDirectory = config.WorkingDir === undefined || config.WorkingDir === '' ? '/' : config.WorkingDir;
  const { argv, script } = commandLine(instruction, shellOf(config));
  return {
    argv,
    script,
    env: config.Env ?? [],
    args: [...scope].filter(([name]) => !environment.has(name)).sort(([a], [b]) => (a < b ? -1 : 1)),
    proxies: context.proxies.filter(([name]) => !environment.has(name) && !scope.has(name)),
    workingDirectory,
    user: config.User ?? '',
    mounts: instruction.mounts.map((spec) => inWord(spec.text, () => lowerMount(spec, context, workingDirectory))),
    network: instruction.network ?? 'default',
    security: instruction.security ?? 'sandbox',
    devices: instruction.devices,
  };
}

/**
 * What a RUN's process finds in its environment as `NAME=value`: ARGs and proxies, then the image's own, which win.
 */
export function runEnvironment(step: Pick<RunStep, 'env' | 'args' | 'proxies'>): string[] {
  return [...[...step.proxies, ...step.args].map(([name, value]) => `${name}=${value}`), ...step.env];
}

function commandLine(
  { command, heredocs }: RunInstruction,
  shell: readonly string[],
): { readonly argv: readonly string[]; readonly script: ScriptFile | undefined } {
  // Buildah starts the bare shell for `RUN []` too.
  if (command.form === 'exec') return { argv: command.argv.length > 0 ? command.argv : shell, script: undefined };
  const [first] = heredocs;
  if (first !== undefined && heredocs.length === 1 && LONE_HEREDOC.test(command.text)) {
    const content = heredocText(first);
    if (!content.startsWith('#!')) return { argv: [...shell, content], script: undefined };
    const path = `/dev/pipes/${first.name.replaceAll('/', '_')}`;
    return { argv: [...shell, path], script: { path, content, modeBits: 0o755 } };
  }
  // The shell reads the heredocs itself, so it gets them as they were written.
  const text = command.text + heredocs.map(({ content, name }) => `\n${content}${name}`).join('');
  // Nothing after RUN is the shell's error to report: `sh -c` without a text.
  return { argv: text === '' ? shell : [...shell, text], script: undefined };
}

/** Nothing on the line but the word that announces the heredoc. */
const LONE_HEREDOC = /^\d*<<-?\s*(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\<])+$/;

function lowerMount(spec: MountSpec, context: RunContext, workingDirectory: string): RunMount {
  const written = resolveMount(spec, context.expand, context.expandFrom);
  const mount = withAbsoluteTarget(written, workingDirectory);
  if (mount.type === 'bind') {
    return { mount, source: mount.from === undefined ? { kind: 'build-context' } : context.resolveInput(mount.from) };
  }
  if (mount.type === 'cache' && mount.from !== undefined) return { mount, source: context.resolveInput(mount.from) };
  return { mount, source: undefined };
}

function withAbsoluteTarget(mount: Mount, workingDirectory: string): Mount {
  const target = absolutePath(workingDirectory, mount.target);
  switch (mount.type) {
    case 'secret':
      return mount.file === undefined
        ? mount
        : { ...mount, target: absolutePath(workingDirectory, mount.file), file: absolutePath(workingDirectory, mount.file) };
    case 'ssh':
      return mount.socket === undefined ? mount : { ...mount, target, socket: target };
    default:
      if (target === '/') throw new Fault('invalid mount target "/"');
      return mount.type === 'cache' ? { ...mount, target, id: mount.id ?? target } : { ...mount, target };
  }
}
