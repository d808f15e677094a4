import { printable } from './messages.js';
import { formatTable } from './table.js';

interface Described {
  readonly name: string | undefined;
  readonly description: string | undefined;
}

interface ShownOutline extends Described {
  readonly args: readonly (Described & { readonly value: string | undefined })[];
  readonly secrets: readonly { readonly name: string; readonly required: boolean }[];
  readonly ssh: readonly { readonly name: string; readonly required: boolean }[];
  readonly cache: readonly { readonly id: string }[];
}

/** What a target can be given, as tables; ends in a line feed. */
export function formatOutline(outline: ShownOutline): string {
  const head = [
    ...(outline.name === undefined ? [] : [`TARGET: ${outline.name}\n`]),
    ...(outline.description === undefined ? [] : [`DESCRIPTION: ${outline.description}\n`]),
  ].join('');
  const required = (mounts: ShownOutline['secrets']) => mounts.map(({ name, required }) => [name, required ? 'true' : '']);
  const tables = [
    section(
      ['BUILD ARG', 'VALUE', 'DESCRIPTION'],
      outline.args.map(({ name = '', value = '', description = '' }) => [name, value, description]),
    ),
    section(['SECRET', 'REQUIRED'], required(outline.secrets)),
    section(['SSH', 'REQUIRED'], required(outline.ssh)),
    section(
      ['CACHE MOUNT'],
      outline.cache.map(({ id }) => [id]),
    ),
  ];
  return printable([head, ...tables].filter((part) => part !== '').join('\n'));
}

/** The stages of a file, one a line. */
export function formatTargets(targets: readonly (Described & { readonly default: boolean; readonly base: string })[]): string {
  const rows = targets.map(({ name, description = '', default: isDefault, base }) => [
    [name ?? '', isDefault ? '(default)' : ''].filter((part) => part !== '').join(' ') || '(no name)',
    base,
    description,
  ]);
  return printable(section(['TARGET', 'BASE', 'DESCRIPTION'], rows));
}

function section(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  return rows.length === 0 ? '' : formatTable([heading, ...rows]);
}
