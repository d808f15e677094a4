import { UsageError } from '../errors.js';
import { configContainer } from '../operations/config.js';
import { flag, list, text, wholeNumber } from './flags/flags.js';
import { refuseFlagsAmong } from './flags/operands.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

export class Config extends BaseCommand<typeof Config> {
  static override usage = 'config [flags] CONTAINER';
  static override description =
    'Change what the image of a working container will say. NAME- takes an entry of a list away, - alone all of them.';
  static override examples = [
    'tsbuild config --env PATH=/opt/app/bin:$PATH --workingdir /srv app-working-container',
    'tsbuild config --entrypoint \'["/entrypoint.sh"]\' --cmd serve --label version- app-working-container',
  ];
  static override flags = {
    'add-history': flag({ summary: 'Add the changes to the history of the image (default: $BUILDAH_HISTORY)' }),
    annotation: list({ char: 'a', value: 'NAME=VALUE', summary: "Annotation of the image's manifest" }),
    arch: text({ summary: 'Architecture of the image' }),
    author: text({ summary: 'Author of the image' }),
    cmd: text({ value: 'COMMAND', summary: 'Command that runs by default: words, or a JSON array' }),
    comment: text({ summary: 'Comment on the image (docker format)' }),
    'created-by': text({ value: 'text', summary: "What the history says of how the image's layer was made" }),
    domainname: text({ value: 'name', summary: 'Domain name of containers (docker format)' }),
    entrypoint: text({ value: 'COMMAND', summary: 'What the command is given to: a JSON array, or text that a shell runs' }),
    env: list({ char: 'e', value: 'NAME=VALUE', summary: 'Environment variable; $NAME is that of the container' }),
    healthcheck: text({ value: 'CMD ...|CMD-SHELL ...|NONE', summary: 'How containers are checked' }),
    'healthcheck-interval': text({ value: 'DURATION', summary: 'Time between checks' }),
    'healthcheck-retries': wholeNumber({ summary: 'How many checks must fail' }),
    'healthcheck-start-interval': text({ value: 'DURATION', summary: 'Time between checks while a container starts' }),
    'healthcheck-start-period': text({ value: 'DURATION', summary: 'Time a container has to start' }),
    'healthcheck-timeout': text({ value: 'DURATION', summary: 'Time a check may take' }),
    'history-comment': text({ value: 'text', summary: "Comment on the image's layer in the history" }),
    hostname: text({ value: 'name', summary: 'Host name of containers (docker format)' }),
    label: list({ char: 'l', value: 'NAME=VALUE', summary: 'Label of the image' }),
    onbuild: list({ value: 'INSTRUCTION', summary: 'Instruction for builds on this image' }),
    os: text({ summary: 'Operating system of the image' }),
    'os-feature': list({ value: 'name', summary: 'Feature the operating system must have' }),
    'os-version': text({ value: 'version', summary: 'Version of the operating system' }),
    port: list({ char: 'p', value: 'PORT[/PROTOCOL]', summary: 'Port that containers listen on' }),
    shell: text({ value: 'COMMAND', summary: 'Shell of builds on this image' }),
    'stop-signal': text({ value: 'SIGNAL', summary: 'Signal that stops containers' }),
    unsetannotation: list({ value: 'NAME', summary: 'Take this annotation away' }),
    unsetlabel: list({ value: 'NAME', summary: 'Take this label away' }),
    user: text({ char: 'u', value: 'USER[:GROUP]', summary: 'User of commands' }),
    variant: text({ summary: 'Variant of the architecture' }),
    volume: list({ char: 'v', value: 'path', summary: 'Directory that containers keep outside of their file system' }),
    workingdir: text({ value: 'path', summary: 'Working directory of commands' }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const [container] = this.operands;
    if (container === undefined) throw new UsageError('container ID must be specified');
    if (this.operands.length > 1) throw new UsageError('too many arguments specified');
    const addHistory = this.flags['add-history'] ?? services.settings.addHistory;
    await configContainer({ container, edits: this.edits(), addHistory }, services);
    return 0;
  }

  private edits() {
    const { flags } = this;
    return {
      annotation: flags.annotation,
      arch: flags.arch,
      author: flags.author,
      cmd: flags.cmd,
      comment: flags.comment,
      createdBy: flags['created-by'],
      domainname: flags.domainname,
      entrypoint: flags.entrypoint,
      env: flags.env,
      healthcheck: flags.healthcheck,
      healthcheckInterval: flags['healthcheck-interval'],
      healthcheckRetries: flags['healthcheck-retries'],
      healthcheckStartInterval: flags['healthcheck-start-interval'],
      healthcheckStartPeriod: flags['healthcheck-start-period'],
      healthcheckTimeout: flags['healthcheck-timeout'],
      historyComment: flags['history-comment'],
      hostname: flags.hostname,
      label: flags.label,
      onbuild: flags.onbuild,
      os: flags.os,
      osFeature: flags['os-feature'],
      osVersion: flags['os-version'],
      port: flags.port,
      shell: flags.shell,
      stopSignal: flags['stop-signal'],
      unsetAnnotation: flags.unsetannotation,
      unsetLabel: flags.unsetlabel,
      user: flags.user,
      variant: flags.variant,
      volume: flags.volume,
      workingdir: flags.workingdir,
    };
  }
}
