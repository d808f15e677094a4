import { UsageError } from '../../errors.js';
import { listRepositoryTags, type SearchRow, searchImages } from '../../operations/image/search.js';
import { formatRows, formatTable } from '../../ui/index.js';
import { flag, list, text, wholeNumber } from '../flags/flags.js';
import { refuseFlagsAmong } from '../flags/operands.js';
import { REGISTRY_FLAGS, registryAccess } from '../flags/registry-flags.js';
import { BaseCommand, type CommandServices } from '../program/base-command.js';

const HEADINGS = {
  Index: 'INDEX',
  Name: 'NAME',
  Description: 'DESCRIPTION',
  Stars: 'STARS',
  Official: 'OFFICIAL',
  Automated: 'AUTOMATED',
  Tag: 'TAG',
};
const DEFAULT_LIMIT = 25;
/** What is left of a description that is longer. */
const DESCRIPTION_WIDTH = 44;

export class Search extends BaseCommand<typeof Search> {
  static override usage = 'search [flags] [REGISTRY/]WORD';
  static override description =
    'Look for repositories in a registry, or in the search registries of registries.conf; or list the tags of one.';
  static override examples = ['tsbuild search quay.io/podman', 'tsbuild search --list-tags quay.io/podman/stable'];
  static override flags = {
    ...REGISTRY_FLAGS,
    compatible: flag({ summary: 'Also show stars, official and automated' }),
    filter: list({ char: 'f', value: 'stars=N|is-official|is-automated', summary: 'Show only what fits' }),
    format: text({ value: 'json|TEMPLATE', summary: 'Show JSON, or each row by a Go template' }),
    limit: wholeNumber({ summary: 'Most results of each registry (default: 25)' }),
    'list-tags': flag({ summary: 'List the tags of a repository' }),
    'no-trunc': flag({ summary: 'Show whole descriptions' }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const [term, ...more] = this.operands;
    if (term === undefined || more.length > 0) throw new UsageError('search requires exactly one argument');
    const { flags } = this;
    if (flags['list-tags'] === true && (flags.filter ?? []).length > 0)
      throw new UsageError('filters are not applicable to list tags result');
    const options = { ...registryAccess(flags), term, limit: flags.limit === undefined || flags.limit === 0 ? DEFAULT_LIMIT : flags.limit };
    this.terminal.out(
      flags['list-tags'] === true
        ? this.formatTags(await listRepositoryTags(options, services))
        : this.formatFound(await searchImages(options, services)),
    );
    return 0;
  }

  private formatTags({ name, tags }: { readonly name: string; readonly tags: readonly string[] }): string {
    const { format } = this.flags;
    if (format === 'json') return `${JSON.stringify([{ Name: name, Tags: tags }], null, 4)}\n`;
    const rows = tags.map((tag) => ({ Name: name, Tag: tag }));
    if (format !== undefined) return formatRows(format, rows, HEADINGS, { noHeading: false });
    return formatTable([['NAME', 'TAG'], ...rows.map(({ Name, Tag }) => [Name, Tag])]);
  }

  private formatFound(found: readonly SearchRow[]): string {
    const { format, compatible, 'no-trunc': whole } = this.flags;
    const tests = (this.flags.filter ?? []).flatMap((words) => words.split(',')).map(parseFilter);
    const rows = found
      .filter((row) => tests.every((test) => test(row)))
      .map(({ index, fullName, description, stars, isOfficial, isAutomated }) => ({
        Index: index,
        Name: fullName,
        Description: whole === true ? description : cut(description),
        Stars: stars,
        Official: isOfficial ? '[OK]' : '',
        Automated: isAutomated ? '[OK]' : '',
      }));
    if (format === 'json') return `${JSON.stringify(rows, null, 4)}\n`;
    if (format !== undefined) return formatRows(format, rows, HEADINGS, { noHeading: false });
    if (compatible !== true) return formatTable([['NAME', 'DESCRIPTION'], ...rows.map(({ Name, Description }) => [Name, Description])]);
    const lines = rows.map(({ Name, Description, Stars, Official, Automated }) => [Name, Description, String(Stars), Official, Automated]);
    return formatTable([['NAME', 'DESCRIPTION', 'STARS', 'OFFICIAL', 'AUTOMATED'], ...lines]);
  }
}

function cut(text: string): string {
  const line = text.replaceAll('\n', ' ');
  return line.length <= DESCRIPTION_WIDTH ? line : `${line.slice(0, DESCRIPTION_WIDTH)}...`;
}

function parseFilter(filter: string): (row: SearchRow) => boolean {
  const [key, value = 'true'] = filter.split('=');
  if (key === 'stars' && /^\d+$/.test(value)) return ({ stars }) => stars >= Number(value);
  if (key === 'is-official' && isBoolean(value)) return ({ isOfficial }) => String(isOfficial) === value;
  if (key === 'is-automated' && isBoolean(value)) return ({ isAutomated }) => String(isAutomated) === value;
  throw new UsageError(`invalid filter "${filter}"`, { hint: 'Known: stars=N, is-official[=false], is-automated[=false]' });
}

function isBoolean(value: string): boolean {
  return value === 'true' || value === 'false';
}
