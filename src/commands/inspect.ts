import { UsageError } from '../errors.js';
import { inspect } from '../operations/inspect.js';
import { executeTemplate, isOutputShown } from '../ui/index.js';
import { text } from './flags/flags.js';
import { refuseFlagsAmong } from './flags/operands.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

/** Fields that Go prints as empty while JSON leaves them out. @see https://github.com/opencontainers/image-spec/blob/v1.1.1/specs-go/v1/config.go */
const ZERO_VALUES = {
  Author: '',
  Comment: '',
  Created: '',
  CreatedBy: '',
  EmptyLayer: false,
  User: '',
  WorkingDir: '',
  StopSignal: '',
  Variant: '',
  Cmd: [],
  Entrypoint: [],
  Env: [],
  OnBuild: [],
  Shell: [],
  ExposedPorts: {},
  Labels: {},
  Volumes: {},
};

export class Inspect extends BaseCommand<typeof Inspect> {
  static override usage = 'inspect [flags] CONTAINER|IMAGE';
  static override examples = ['tsbuild inspect --type image app', "tsbuild inspect --format '{{.OCIv1.Config.Env}}' app"];
  static override flags = {
    format: text({ char: 'f', summary: 'Show what a Go template says' }),
    type: text({
      char: 't',
      value: 'container|image|manifest',
      summary: 'Look for a container, image or manifest of that name (default: a container, then an image)',
    }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    const [name] = this.operands;
    refuseFlagsAmong(this.operands);
    if (name === undefined) throw new UsageError('container or image name must be specified');
    if (this.operands.length > 1) throw new UsageError('too many arguments specified');
    const type = readType(this.flags.type);
    const document = await inspect({ name, type: type === 'manifest' ? 'image' : type, wantsIndex: type === 'manifest' }, services);
    this.terminal.out(this.format(type === 'manifest' ? JSON.parse(document.Manifest) : document));
    return 0;
  }

  private format(document: unknown): string {
    const { format } = this.flags;
    if (format === undefined) return `${JSON.stringify(document, null, 4)}\n`;
    const text = executeTemplate(format.replaceAll('\\t', '\t').replaceAll('\\n', '\n'), withTimes(document), { zeroValues: ZERO_VALUES });
    // A program gets what the template says and nothing else, as from Buildah.
    return text.endsWith('\n') || !isOutputShown() ? text : `${text}\n`;
  }
}

function readType(text: string | undefined): 'container' | 'image' | 'manifest' | undefined {
  if (text === undefined || text === 'container' || text === 'image' || text === 'manifest') return text;
  throw new UsageError('the only recognized types are "container", "image" and "manifest"');
}

/** A time of the document: a template prints it as Go does, `json` as it is written. */
class WrittenTime extends Date {
  constructor(private readonly written: string) {
    super(written);
  }

  override toJSON(): string {
    return this.written;
  }
}

/** Go's structures hold times where JSON has texts. */
function withTimes(value: unknown, name = ''): unknown {
  if (name.toLowerCase() === 'created' && typeof value === 'string' && !Number.isNaN(Date.parse(value))) return new WrittenTime(value);
  if (Array.isArray(value)) return value.map((item) => withTimes(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withTimes(item, key)]));
}
