import { UsageError } from '../../errors.js';
import { goTime } from '../../operations/image/go-time.js';
import { type HistoryRow, imageHistory } from '../../operations/image/history.js';
import { formatAge, formatRows, formatSize, formatTable, shortId } from '../../ui/index.js';
import { flag, text } from '../flags/flags.js';
import { refuseFlagsAmong } from '../flags/operands.js';
import { BaseCommand, type CommandServices } from '../program/base-command.js';

const HEADINGS = {
  ID: 'ID',
  Created: 'CREATED',
  CreatedBy: 'CREATED BY',
  Size: 'SIZE',
  Comment: 'COMMENT',
  CreatedAt: 'CREATED AT',
  CreatedSince: 'CREATED',
  Tags: 'TAGS',
};
/** What is left of a command that is longer. */
const CREATED_BY_WIDTH = 45;

export class History extends BaseCommand<typeof History> {
  static override usage = 'history [flags] IMAGE';
  static override examples = ['tsbuild history app', "tsbuild history --format '{{.CreatedBy}}' --no-trunc app"];
  static override flags = {
    format: text({ value: 'json|TEMPLATE', summary: 'Show JSON, or each entry by a Go template' }),
    human: flag({ char: 'H', summary: 'Show sizes and times for people (default)' }),
    'no-trunc': flag({ aliases: ['notruncate'], summary: 'Show whole IDs and commands' }),
    quiet: flag({ char: 'q', summary: 'Show only IDs' }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const [name, ...more] = this.operands;
    if (name === undefined || more.length > 0) throw new UsageError(`accepts 1 arg(s), received ${this.operands.length}`);
    const rows = await imageHistory(name, services);
    const { format, quiet } = this.flags;
    if (quiet === true && format !== undefined) throw new UsageError('quiet and format are mutually exclusive');
    this.terminal.out(format === 'json' ? formatJson(rows) : this.formatText(rows));
    return 0;
  }

  private formatText(rows: readonly HistoryRow[]): string {
    const { format, quiet } = this.flags;
    const now = new Date();
    const fields = rows.map((row) => this.fieldsOf(row, now));
    if (quiet === true) return fields.map(({ ID }) => `${ID}\n`).join('');
    if (format !== undefined) return formatRows(format, fields, HEADINGS, { noHeading: false });
    const lines = fields.map(({ ID, Created, CreatedBy, Size, Comment }) => [ID, Created, CreatedBy, Size, Comment]);
    return formatTable([['ID', 'CREATED', 'CREATED BY', 'SIZE', 'COMMENT'], ...lines]);
  }

  private fieldsOf(row: HistoryRow, now: Date): Readonly<Record<keyof typeof HEADINGS, string>> {
    const { 'no-trunc': whole, human = true } = this.flags;
    const at = row.created === undefined ? '' : row.created.toISOString().replace(/\.\d+Z$/, 'Z');
    const since = row.created === undefined ? 'unknown' : formatAge(row.created, now);
    return {
      ID: row.id === undefined ? '<missing>' : whole === true ? row.id : shortId(row.id),
      Created: human ? since : at,
      CreatedSince: since,
      CreatedAt: at,
      CreatedBy: whole === true ? row.createdBy : cut(row.createdBy),
      Size: human ? formatSize(row.sizeBytes) : String(row.sizeBytes),
      Comment: row.comment,
      Tags: row.tags.join(', '),
    };
  }
}

function cut(text: string): string {
  return text.length <= CREATED_BY_WIDTH ? text : `${text.slice(0, CREATED_BY_WIDTH - 3)}...`;
}

function formatJson(rows: readonly HistoryRow[]): string {
  const documents = rows.map(({ id, created, createdBy, sizeBytes, comment, tags }) => ({
    id: id ?? '<missing>',
    created: created === undefined ? '' : goTime(created.toISOString()),
    CreatedBy: createdBy,
    size: sizeBytes,
    ...(comment === '' ? {} : { comment }),
    ...(tags.length === 0 ? {} : { tags }),
  }));
  return `${JSON.stringify(documents)}\n`;
}
