import { openRootShell, type Toolbox } from '../builder/steps/index.js';
import type { BuiltStage } from './build-stages.js';
import type { Services } from './context.js';

/**
 * What a build does with a command that fails when the user wants to look at it: stop everything else, then open a shell. The first failure
 * gets it; those that come while it is open are not looked at.
 *
 * @param stopOthers ends the build for that reason
 */
export function failureShell(stopOthers: (reason: unknown) => void, services: Services): NonNullable<Toolbox['onFailedCommand']> {
  let isTaken = false;
  return async (failure, step, openShell) => {
    if (isTaken) return;
    isTaken = true;
    stopOthers(failure);
    const { reporter } = services;
    reporter.report({ kind: 'step-failed', step });
    reporter.report({ kind: 'note', text: `${failure.message}\nThis is a shell in its file system; the build ends when it does` });
    await atTerminal(() => openShell(terminalEnvironment(services)));
  };
}

/** A shell in what a stage has become, for the user to look at. */
export async function stageShell(built: BuiltStage, network: 'host' | 'none', toolbox: Toolbox, services: Services): Promise<void> {
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
