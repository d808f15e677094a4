import { type CommandNetwork, openRootShell, type Toolbox } from '../../builder/steps/index.js';
import type { StepLabel } from '../../progress.js';
import type { Services } from '../context.js';
import type { FailedStep } from './build-stages.js';
import type { BuiltStage } from './stage-image.js';

/** What a build does with a failure that the user wants to look at: it stops everything else, then opens a shell. */
export class FailureShell {
  /** The first failure gets it; those that come while it is open, or because of it, are not looked at. */
  #isTaken = false;

  /** @param stopOthers ends the build for that reason */
  constructor(
    readonly stopOthers: (reason: unknown) => void,
    readonly network: CommandNetwork,
    readonly services: Services,
  ) {}

  readonly onFailedCommand: NonNullable<Toolbox['onFailedCommand']> = (failure, step, openShell) =>
    this.#open(failure, step, () => openShell(terminalEnvironment(this.services)));

  /** Of a step without a command: in the file system it was to change, with what a command would see there. */
  onFailedStep({ error, label, step, parent }: FailedStep, toolbox: Toolbox): Promise<void> {
    const { Env, WorkingDir, User } = step.before;
    const env = [...(Env ?? []), ...terminalEnvironment(this.services)];
    const shell = { env, workingDirectory: WorkingDir || '/', user: User ?? '', network: this.network };
    return this.#open(error, label, () => openRootShell(parent, shell, toolbox));
  }

  async #open(failure: unknown, step: StepLabel, open: () => Promise<void>): Promise<void> {
    if (this.#isTaken) return;
    this.#isTaken = true;
    this.stopOthers(failure);
    const { reporter } = this.services;
    reporter.report({ kind: 'step-failed', step });
    const message = failure instanceof Error ? failure.message : String(failure);
    reporter.report({ kind: 'note', text: `${message}\nThis is a shell in its file system; the build ends when it does` });
    await atTerminal(open);
  }
}

/** A shell in what a stage has become, for the user to look at. */
export async function stageShell(built: BuiltStage, network: CommandNetwork, toolbox: Toolbox, services: Services): Promise<void> {
  const { config, args } = built.lowered;
  const env = config.Env ?? [];
  const named = new Set(env.map((text) => text.split('=', 1)[0]));
  const arguments_ = [...args].filter(([name]) => !named.has(name)).map(([name, value]) => `${name}=${value}`);
  services.reporter.report({
    kind: 'note',
    text: `This is a shell in ${built.stage.display}; what it changes is thrown away when it ends`,
  });
  await atTerminal(() =>
    openRootShell(
      built.root,
      {
        env: [...arguments_, ...env, ...terminalEnvironment(services)],
        workingDirectory: config.WorkingDir || '/',
        user: config.User ?? '',
        network,
      },
      toolbox,
    ),
  );
}

/** What tells programs how to use the terminal. */
function terminalEnvironment({ settings }: Services): string[] {
  const { TERM: terminal } = settings.environment;
  return terminal === undefined ? [] : [`TERM=${terminal}`];
}

/** Control-C at a terminal reaches every process of the foreground: while a shell has it, it is meant for the shell. */
async function atTerminal(body: () => Promise<void>): Promise<void> {
  const listeners = process.listeners('SIGINT');
  const ignore = (): void => {};
  process.removeAllListeners('SIGINT');
  process.on('SIGINT', ignore);
  try {
    await body();
  } finally {
    process.off('SIGINT', ignore);
    for (const listener of listeners) process.on('SIGINT', listener);
  }
}
