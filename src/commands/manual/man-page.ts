import type { FlagHelp } from '../../ui/index.js';
import type { CommandPage } from './command-page.js';

/**
 * The page of a command for man(1), `tsbuild-COMMAND.1`.
 * @see https://man7.org/linux/man-pages/man7/man.7.html
 */
export function manPage(page: CommandPage, version: string): string {
  const name = `tsbuild-${page.file}`;
  return lines([
    title(name, version),
    '.SH NAME',
    `${text(name)} \\- ${text(lowerFirst(page.summary))}`,
    '.SH SYNOPSIS',
    `.B tsbuild ${text(page.usage)}`,
    ...(page.aliases.length === 0 ? [] : ['.SH ALIASES', text(page.aliases.map((alias) => `tsbuild ${alias}`).join(', '))]),
    '.SH DESCRIPTION',
    text(page.description),
    ...(page.flags.length === 0 ? [] : ['.SH OPTIONS', ...flagEntries(page.flags)]),
    '.SH GLOBAL OPTIONS',
    ...flagEntries(page.globalFlags),
    ...(page.examples.length === 0 ? [] : ['.SH EXAMPLES', ...page.examples.flatMap((example) => ['.PP', '.nf', text(example), '.fi'])]),
    '.SH SEE ALSO',
    '.BR tsbuild (1)',
  ]);
}

/** `tsbuild.1`. */
export function programManPage(pages: readonly CommandPage[], globalFlags: readonly FlagHelp[], version: string): string {
  return lines([
    title('tsbuild', version),
    '.SH NAME',
    'tsbuild \\- builds OCI images from Containerfiles, without a daemon and without root',
    '.SH SYNOPSIS',
    '.B tsbuild [flags] COMMAND [flags] [ARGUMENTS]',
    '.SH DESCRIPTION',
    'Verbs, flags, output and exit statuses are those of buildah(1).',
    'The exit status is 0, that of a command that was run, 128 and the number of the signal that ended it, or 125 for everything else that fails.',
    '.SH COMMANDS',
    ...pages.flatMap((page) => ['.TP', `.BR tsbuild\\-${text(page.file)} (1)`, text(page.summary)]),
    '.SH GLOBAL OPTIONS',
    ...flagEntries(globalFlags),
  ]);
}

function title(name: string, version: string): string {
  // Without a date: the same definitions give the same bytes.
  return `.TH "${text(name.toUpperCase())}" "1" "" "tsbuild ${text(version)}" "tsbuild"`;
}

function flagEntries(flags: readonly FlagHelp[]): string[] {
  const sorted = [...flags].sort((a, b) => (a.name < b.name ? -1 : 1));
  return sorted.flatMap(({ name, char, value, summary }) => {
    const written = `\\fB${text(`${char === undefined ? '' : `-${char}, `}--${name}`)}\\fR`;
    return ['.TP', value === undefined ? written : `${written} \\fI${text(value)}\\fR`, text(summary)];
  });
}

/** Nothing of it is taken for a request, an escape, or a typographic quote or dash. */
function text(plain: string): string {
  const escaped = plain
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('"', '\\(dq');
  return escaped.startsWith('.') ? `\\&${escaped}` : escaped;
}

function lowerFirst(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
