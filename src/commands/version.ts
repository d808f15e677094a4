import { versionInfo } from '../operations/version.js';
import { formatTable } from '../ui/index.js';
import { flag } from './flags/flags.js';
import { refuseMoreThan } from './flags/operands.js';
import { BaseCommand } from './program/base-command.js';

export class Version extends BaseCommand<typeof Version> {
  static override usage = 'version [flags]';
  static override examples = ['tsbuild version', 'tsbuild version --json'];
  static override flags = {
    json: flag({ summary: 'Show JSON' }),
    short: flag({ hidden: true, summary: 'One line, as --version shows it' }),
  };

  protected async execute(): Promise<number> {
    refuseMoreThan(0, this.operands);
    const { version, node, imageSpec, platform } = versionInfo();
    if (this.flags.short === true) this.terminal.out(`tsbuild version ${version} (image-spec ${imageSpec})\n`);
    else if (this.flags.json === true)
      this.terminal.out(`${JSON.stringify({ version, nodeVersion: node, imageSpec, osArch: platform }, null, 4)}\n`);
    else {
      const rows = [
        ['Version:', version],
        ['Node Version:', node],
        ['Image Spec:', imageSpec],
        ['OS/Arch:', platform],
      ];
      this.terminal.out(formatTable(rows));
    }
    return 0;
  }
}
