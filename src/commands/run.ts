import { readContainersConf } from '../config/index.js';
import { UsageError } from '../errors.js';
import { runInContainer } from '../operations/run.js';
import { commandOptions, MOUNT_FLAGS, SECRET_FLAGS } from './flags/command-surroundings-flags.js';
import { CAPABILITY_FLAGS } from './flags/confinement-flags.js';
import { flag, list, text } from './flags/flags.js';
import { ISOLATION_FLAG, isolationOptions, NETWORK_FLAG, RUNTIME_FLAGS } from './flags/network-flags.js';
import { passedVariables } from './flags/passed-variables.js';
import { refusedFlags } from './flags/refused-flags.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

const NAMESPACES = 'commands always have namespaces of their own';
const REFUSED = {
  cgroupns: NAMESPACES,
  ipc: NAMESPACES,
  pid: NAMESPACES,
  uts: NAMESPACES,
};

export class Run extends BaseCommand<typeof Run> {
  static override usage = 'run [flags] CONTAINER [--] [COMMAND [ARGUMENT...]]';
  static override description =
    'Run a command in a working container. Everything after CONTAINER belongs to the command; without one, the entrypoint and command of the image run. What it changes stays in the container.';
  static override examples = [
    'tsbuild run app-working-container ls -l /',
    "tsbuild run --user 1000 app-working-container -- sh -c 'id; env'",
    'tsbuild run --volume /srv/packages:/packages:ro app-working-container apk add /packages/app.apk',
  ];
  static override flags = {
    'add-history': flag({ summary: 'Add the command to the history of the image (default: $BUILDAH_HISTORY)' }),
    contextdir: text({ value: 'path', summary: 'Directory that sources of bind mounts are relative to' }),
    env: list({
      char: 'e',
      value: 'NAME[=VALUE]',
      summary: 'Set a variable; without =VALUE, or by a pattern such as LC_*, to what it is here',
    }),
    hostname: text({ value: 'name', summary: 'Host name inside (default: the first digits of the ID)' }),
    'no-hostname': flag({ summary: "Leave the container's own /etc/hostname" }),
    'no-hosts': flag({ summary: "Leave the container's own /etc/hosts" }),
    'no-pivot': flag({ hidden: true, summary: 'Without effect: the sandbox needs no pivot_root outside' }),
    terminal: flag({ char: 't', aliases: ['tty'], summary: 'Give the command a terminal of its own' }),
    user: text({ value: 'USER[:GROUP]', summary: "User of the command (default: the container's)" }),
    'valid-exit-codes': list({ value: 'CODE[,CODE]', summary: 'Further exit statuses that count as success' }),
    workingdir: text({ value: 'path', summary: "Working directory of the command (default: the container's); made if missing" }),
  };
  static override moreFlags = [
    () => MOUNT_FLAGS,
    () => SECRET_FLAGS,
    () => CAPABILITY_FLAGS,
    () => NETWORK_FLAG,
    () => ISOLATION_FLAG,
    () => RUNTIME_FLAGS,
    () => refusedFlags(REFUSED),
  ];

  protected async execute(services: CommandServices): Promise<number> {
    const { flags } = this;
    const conf = await readContainersConf(services.settings);
    const [container, ...rest] = this.operands;
    if (container === undefined) throw new UsageError('container ID must be specified');
    const command = rest[0] === '--' ? rest.slice(1) : rest;
    const valid = (flags['valid-exit-codes'] ?? []).flatMap((codes) => codes.split(',')).map(readExitCode);
    const { exitCode, outOfMemory } = await runInContainer(
      {
        container,
        command,
        env: passedVariables(flags.env ?? [], services.settings.environment),
        user: flags.user,
        workingDir: flags.workingdir,
        network: flags.network,
        isolation: isolationOptions(flags, conf, services.settings.runtime),
        terminal: flags.terminal,
        hostname: flags.hostname,
        writeHosts: (flags['no-hosts'] ?? conf.noHosts) !== true,
        writeHostname: flags['no-hostname'] !== true,
        commands: commandOptions(flags),
        contextDir: flags.contextdir,
        addHistory: flags['add-history'] ?? services.settings.addHistory,
      },
      services,
    );
    if (exitCode === 0 || valid.includes(exitCode)) return 0;
    const why = outOfMemory ? '; out of memory: its processes used up what --memory allows' : '';
    this.terminal.err(`Error: while running runtime: exit status ${exitCode}${why}\n`);
    return exitCode;
  }
}

function readExitCode(text: string): number {
  if (!/^\d{1,3}$/.test(text) || Number(text) > 255)
    throw new UsageError(`invalid argument ${JSON.stringify(text)} for "--valid-exit-codes" flag: it must be a number from 0 to 255`);
  return Number(text);
}
