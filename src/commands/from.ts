import { UsageError } from '../errors.js';
import { createContainer } from '../operations/from.js';
import { CONFINEMENT_FLAGS, confinementOptions } from './flags/confinement-flags.js';
import { flag, text } from './flags/flags.js';
import { refuseFlagsAmong } from './flags/operands.js';
import { chosenPlatform, PLATFORM_FLAGS } from './flags/platform-flags.js';
import { parsePullPolicy } from './flags/pull-policy.js';
import { REGISTRY_FLAGS, registryAccess } from './flags/registry-flags.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

export class From extends BaseCommand<typeof From> {
  static override usage = 'from [flags] IMAGE';
  static override examples = ['tsbuild from debian:12', 'tsbuild from --name work scratch'];
  static override bareValues = { pull: 'always' };
  static override flags = {
    ...REGISTRY_FLAGS,
    ...PLATFORM_FLAGS,
    ...CONFINEMENT_FLAGS,
    name: text({ summary: 'Name of the working container (default: IMAGE-working-container)' }),
    pull: text({ value: 'always|missing|never|newer', summary: 'When to ask the registry (default: missing)' }),
    'pull-always': flag({ hidden: true, summary: 'As --pull=always' }),
    'pull-never': flag({ hidden: true, summary: 'As --pull=never' }),
    quiet: flag({ char: 'q', summary: 'Show no transfers' }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const [image] = this.operands;
    if (image === undefined) throw new UsageError('an image name (or "scratch") must be specified');
    if (this.operands.length > 1) throw new UsageError('too many arguments specified');
    const { 'pull-always': always, 'pull-never': never } = this.flags;
    const pull = parsePullPolicy(always === true ? 'always' : never === true ? 'never' : (this.flags.pull ?? 'missing'));
    const options = {
      image,
      name: this.flags.name,
      pull,
      platform: chosenPlatform(this.flags),
      ...registryAccess(this.flags),
      confinement: confinementOptions(this.flags),
    };
    const { containerName } = await createContainer(options, services);
    this.terminal.out(`${containerName}\n`);
    return 0;
  }
}
