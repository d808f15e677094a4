/** A flag as `--help` shows it. */
export interface FlagHelp {
  readonly name: string;
  readonly char: string | undefined;
  /** Word for the value, `string` or `path`; undefined for a flag without one. */
  readonly value: string | undefined;
  readonly summary: string;
}

export interface CommandHelp {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly usage: string;
  readonly description: string;
  readonly examples: readonly string[];
  readonly flags: readonly FlagHelp[];
  readonly globalFlags: readonly FlagHelp[];
}

/** `tsbuild COMMAND --help`, laid out like Buildah's. */
export function formatCommandHelp(help: CommandHelp): string {
  const parts = [`${help.description}\n`, `Usage:\n  tsbuild ${help.usage}\n`];
  if (help.aliases.length > 0) parts.push(`Aliases:\n  ${[help.name, ...help.aliases].join(', ')}\n`);
  if (help.examples.length > 0) parts.push(`Examples:\n${help.examples.map((line) => `  ${line}\n`).join('')}`);
  if (help.flags.length > 0) parts.push(`Flags:\n${formatFlags(help.flags)}`);
  parts.push(`Global flags:\n${formatFlags(help.globalFlags)}`);
  return parts.join('\n');
}

/** `tsbuild --help`: every command with one line, and the flags they share. */
export function formatProgramHelp(commands: readonly { name: string; summary: string }[], globalFlags: readonly FlagHelp[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const list = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}\n`).join('');
  return [
    'Builds OCI images from Containerfiles, without a daemon and without root\n',
    'Usage:\n  tsbuild [flags] COMMAND [flags] [ARGUMENTS]\n',
    `Commands:\n${list}`,
    `Flags:\n${formatFlags(globalFlags)}`,
    'Use "tsbuild COMMAND --help" for more about a command\n',
  ].join('\n');
}

function formatFlags(flags: readonly FlagHelp[]): string {
  const rows = [...flags].sort((a, b) => (a.name < b.name ? -1 : 1)).map((flag) => ({ left: flagColumn(flag), summary: flag.summary }));
  const width = Math.max(...rows.map(({ left }) => left.length));
  return rows.map(({ left, summary }) => `${left.padEnd(width)}   ${summary}`.trimEnd().concat('\n')).join('');
}

function flagColumn({ name, char, value }: FlagHelp): string {
  return `  ${char === undefined ? '   ' : `-${char},`} --${name}${value === undefined ? '' : ` ${value}`}`;
}
