import { versionInfo } from '../operations/version.js';
import { formatTable } from '../ui/index.js';
import { flag } from './flags/flags.js';
import { refuseOperands } from './flags/operands.js';
import { BaseCommand } from './program/base-command.js';

export class Version extends BaseCommand<typeof Version> {
  static override usage = 'version [flags]';
  static override examples = ['tsbuild version', 'tsbuild version --json'];
  static override flags = {
    json: flag({ summary: 'Show JSON' }),
    short: flag({ hidden: true, summary: 'One line, as --version shows it' }),
  };

  protected async execute(): Promise<number> {
    refuseOperands('version', this.operands);
    const { version, node, imageSpec, platform } = versionInfo();
    if (this.flags.short === true) this.terminal.out(`tsbuild version ${version} (image-spec ${imageSpec})\n`);
    else if (this.flags.json === true) this.terminal.out(`${JSON.stringify(this.document(), null, 4)}\n`);
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

  /** Buildah's keys, those of parts that are not in tsbuild with an empty text, and Node's version. */
  private document() {
    const { version, node, imageSpec, platform } = versionInfo();
    return {
      version,
      nodeVersion: node,
      goVersion: '',
      imageSpec,
      runtimeSpec: '',
      cniSpec: '',
      libcniVersion: '',
      imageVersion: '',
      gitCommit: '',
      built: '',
      osArch: platform,
      buildPlatform: platform,
    };
  }
}
