import { UsageError } from '../errors.js';
import { pull } from '../operations/pull.js';
import { flag, text } from './flags/flags.js';
import { refuseFlagsAmong } from './flags/operands.js';
import { chosenPlatform, PLATFORM_FLAGS } from './flags/platform-flags.js';
import { parsePullPolicy } from './flags/pull-policy.js';
import { refusedFlags } from './flags/refused-flags.js';
import { REFUSED_TRANSFERS } from './flags/refused-transfer-flags.js';
import { REGISTRY_FLAGS, registryAccess } from './flags/registry-flags.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

export class Pull extends BaseCommand<typeof Pull> {
  static override usage = 'pull [flags] IMAGE';
  static override examples = [
    'tsbuild pull docker.io/library/debian:12',
    'tsbuild pull oci-archive:/tmp/app.tar',
    'tsbuild pull --all-tags quay.io/team/app',
  ];
  static override flags = {
    ...REGISTRY_FLAGS,
    ...PLATFORM_FLAGS,
    ...refusedFlags(REFUSED_TRANSFERS),
    'all-tags': flag({ char: 'a', summary: 'Pull every tagged image of the repository' }),
    policy: text({ value: 'always|missing|never|newer', summary: 'When to ask the registry (default: missing)' }),
    quiet: flag({ char: 'q', summary: 'Show only the ID' }),
    'remove-signatures': flag({ hidden: true, summary: 'Without effect: signatures are not kept' }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const [image] = this.operands;
    if (image === undefined) throw new UsageError('an image name must be specified');
    if (this.operands.length > 1) throw new UsageError('too many arguments specified');
    const policy = parsePullPolicy(this.flags.policy ?? 'missing');
    const options = { image, policy, platform: chosenPlatform(this.flags), ...registryAccess(this.flags) };
    const pulled =
      this.flags['all-tags'] === true
        ? await (await import('../operations/pull-all-tags.js')).pullAllTags(options, services)
        : [await pull(options, services)];
    for (const { imageId } of pulled) this.terminal.out(`${imageId}\n`);
    return 0;
  }
}
