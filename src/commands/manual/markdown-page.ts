import type { FlagHelp } from '../../ui/index.js';
import type { CommandPage } from './command-page.js';

/** The page of a command in `docs/commands/`. */
export function markdownPage(page: CommandPage): string {
  return joinParts([
    `# tsbuild ${page.name}`,
    `${page.summary}.`,
    fenced([`tsbuild ${page.usage}`]),
    page.aliases.length > 0 ? `Also called ${page.aliases.map((alias) => `\`tsbuild ${alias}\``).join(', ')}.` : '',
    page.description === page.summary ? '' : escapeProse(page.description),
    page.examples.length > 0 ? `## Examples\n\n${fenced(page.examples)}` : '',
    page.flags.length > 0 ? `## Flags\n\n${flagTable(page.flags)}` : '',
    'The [global flags](README.md#global-flags) can be given to every command.',
  ]);
}

/** The page that leads to the others. */
export function markdownIndex(pages: readonly CommandPage[], globalFlags: readonly FlagHelp[]): string {
  const rows = pages.map(({ name, file, summary }) => `| [\`${name}\`](${file}.md) | ${escapeCell(summary)} |`);
  return joinParts([
    '# Commands',
    'What `tsbuild COMMAND --help` says, as pages. They are made from the definitions of the commands: `npm run docs` writes them again, and man pages beside them.',
    ['| command | |', '|---|---|', ...rows].join('\n'),
    '## Global flags',
    'Before or after the name of the command, but before its arguments.',
    flagTable(globalFlags),
  ]);
}

function flagTable(flags: readonly FlagHelp[]): string {
  const sorted = [...flags].sort((a, b) => (a.name < b.name ? -1 : 1));
  const rows = sorted.map(({ name, char, value, summary }) => {
    const written = `--${name}${value === undefined ? '' : ` ${value}`}`;
    return `| ${char === undefined ? '' : `\`-${char}\`, `}${codeCell(written)} | ${escapeCell(summary)} |`;
  });
  return ['| flag | |', '|---|---|', ...rows].join('\n');
}

function fenced(lines: readonly string[]): string {
  return ['```sh', ...lines, '```'].join('\n');
}

function joinParts(parts: readonly string[]): string {
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** In a table a bar ends the cell, also within code. */
function codeCell(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``;
}

function escapeCell(text: string): string {
  return escapeProse(text).replaceAll('|', '\\|');
}

function escapeProse(text: string): string {
  return text.replaceAll(/[<>*_]/g, '\\$&');
}
