import { dirname } from 'node:path';
import { formatCheck } from '../ui/index.js';
import { BUILD_ARG_FLAGS, buildArguments } from './flags/build-arg-flags.js';
import { choice, flag, list, text } from './flags/flags.js';
import { refuseFlagsAmong, refuseMoreThan } from './flags/operands.js';
import { REGISTRY_FLAGS, registryAccess } from './flags/registry-flags.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

export class Lint extends BaseCommand<typeof Lint> {
  static override usage = 'lint [flags] [FILE]';
  static override summary = 'Look for mistakes in a Containerfile without building it';
  static override description =
    'Look for mistakes in a Containerfile, by default the one of the current directory, and say where it departs from good practice. Base images are looked at where the store has them; nothing is downloaded (build --check does that). The status is 1 when there is anything to say.';
  static override examples = [
    'tsbuild lint',
    'tsbuild lint --format github services/api/Containerfile',
    'tsbuild lint --ast Containerfile',
  ];
  static override flags = {
    ...REGISTRY_FLAGS,
    ...BUILD_ARG_FLAGS,
    ast: flag({ summary: 'Print the syntax of the file as JSON instead' }),
    'build-context': list({ value: 'NAME=VALUE', summary: 'Context that a name in the file stands for, as with build' }),
    'cpp-flag': list({ value: 'FLAG', summary: 'Flag for the preprocessor of a file whose name ends in .in' }),
    format: choice(['text', 'json', 'github'], {
      value: 'text|json|github',
      summary: 'Form of the answer: text (default), json, or the annotations of GitHub workflows',
    }),
    ignorefile: text({ value: 'path', summary: 'Ignore file to use instead of .containerignore or .dockerignore' }),
    platform: text({ value: 'OS/ARCH[/VARIANT]', summary: 'Platform the image is for (default: this machine)' }),
    target: list({ value: 'STAGE', summary: 'Look at this stage and what it needs only; may be given several times' }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    refuseMoreThan(1, this.operands);
    const { flags } = this;
    const [file] = this.operands;
    const contextDirectory = file === undefined || file === '-' ? '.' : dirname(file);
    const place = {
      contextDirectory,
      files: file === undefined ? [] : [file],
      buildContexts: flags['build-context'],
      cppFlags: flags['cpp-flag'],
    };
    if (flags.ast === true) {
      const { readSyntax } = await import('../operations/check/read-syntax.js');
      const document = await readSyntax(place, services);
      this.terminal.out(`${JSON.stringify(document, null, 2)}\n`);
      return document.errors.length > 0 ? 1 : 0;
    }
    const { checkContainerfile } = await import('../operations/check/check-containerfile.js');
    const report = await checkContainerfile(
      {
        ...registryAccess(flags),
        ...place,
        buildArgs: buildArguments(flags, services.settings.environment),
        targets: flags.target ?? [],
        platform: flags.platform,
        ignoreFile: flags.ignorefile,
        policy: 'never',
      },
      services,
    );
    this.terminal.out(formatCheck(report, flags.format ?? 'text'));
    return report.findings.length + report.errors.length > 0 ? 1 : 0;
  }
}
