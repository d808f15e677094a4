import { UsageError } from '../../errors.js';
import { inspectList } from '../../operations/manifests/inspect-list.js';
import { flag } from '../flags/flags.js';
import { refuseFlagsAmong } from '../flags/operands.js';
import { REGISTRY_FLAGS, registryAccess } from '../flags/registry-flags.js';
import { BaseCommand, type CommandServices } from '../program/base-command.js';

export class ManifestInspect extends BaseCommand<typeof ManifestInspect> {
  static override usage = 'manifest inspect [flags] LIST';
  static override description = 'Show the manifest of a list: of the store, or else of its registry.';
  static override examples = ['tsbuild manifest inspect app', 'tsbuild manifest inspect docker://docker.io/library/debian:12'];
  static override flags = {
    ...REGISTRY_FLAGS,
    insecure: flag({ hidden: true, summary: 'As --tls-verify=false' }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const { flags } = this;
    const [image, ...more] = this.operands;
    if (image === undefined || more.length > 0) throw new UsageError(`accepts 1 arg(s), received ${this.operands.length}`);
    const access = registryAccess(flags);
    const tlsVerify = flags.insecure === true ? false : access.tlsVerify;
    const { bytes, isList } = await inspectList({ ...access, tlsVerify, image }, services);
    if (!isList) services.reporter.report({ kind: 'warning', text: `${image} is not a manifest list but a single image` });
    this.terminal.out(`${JSON.stringify(JSON.parse(Buffer.from(bytes).toString()), null, 4)}\n`);
    return 0;
  }
}
