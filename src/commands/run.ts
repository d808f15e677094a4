import { UsageError } from '../errors.js';
import { runInContainer } from '../operations/run.js';
import { commandOptions, MOUNT_FLAGS, SECRET_FLAGS } from './flags/command-surroundings-flags.js';
import { CAPABILITY_FLAGS } from './flags/confinement-flags.js';
import { choice, flag, list, text } from './flags/flags.js';
import { parseVariables } from './flags/key-values.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

export class Run extends BaseCommand<typeof Run> {
  static override usage = 'run [flags] CONTAINER [--] [COMMAND [ARGUMENT...]]';
  static override description =
    'Run a command in a working container. Everything after CONTAINER belongs to the command; without one, the entrypoint and command of the image run.';
  static override examples = [
    'tsbuild run app-working-container ls -l /',
    "tsbuild run --user 1000 app-working-container -- sh -c 'id; env'",
  ];
  static override flags = {
    ...MOUNT_FLAGS,
    ...SECRET_FLAGS,
    ...CAPABILITY_FLAGS,
    env: list({ char: 'e', value: 'NAME[=VALUE]', summary: 'Set a variable; without =VALUE to what it is here' }),
    isolation: choice(['oci', 'rootless', 'chroot'], { hidden: true, summary: 'Accepted for Buildah scripts; there is one sandbox' }),
    network: text({ aliases: ['net'], value: 'host|none', summary: 'Network of the command' }),
    terminal: flag({
      char: 't',
      aliases: ['tty'],
      hidden: true,
      summary: "Accepted for Buildah scripts; the command has this command's own streams",
    }),
    user: text({ value: 'USER[:GROUP]', summary: "User of the command (default: the container's)" }),
    workingdir: text({ value: 'path', summary: "Working directory of the command (default: the container's)" }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    const [container, ...rest] = this.operands;
    if (container === undefined) throw new UsageError('container ID must be specified');
    const command = rest[0] === '--' ? rest.slice(1) : rest;
    const { exitCode } = await runInContainer(
      {
        container,
        command,
        env: definedOnly(parseVariables(this.flags.env ?? [], 'env', services.settings.environment)),
        user: this.flags.user,
        workingDir: this.flags.workingdir,
        network: this.flags.network,
        commands: commandOptions(this.flags),
      },
      services,
    );
    return exitCode;
  }
}

/** A variable that is not set here is not set there. */
function definedOnly(variables: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
