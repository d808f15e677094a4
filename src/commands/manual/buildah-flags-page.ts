import { definitionsOf, type FlagShape } from '../flags/flags.js';
import { COMMANDS } from '../program/command-table.js';

const REFUSED = /^Not supported(?:: )?/;

/** Flags of Buildah's that no other page shows: those that are refused, with the reason, and those that are taken and change little. */
export async function buildahFlagsPage(): Promise<string> {
  const refused: string[] = [];
  const accepted: string[] = [];
  for (const entry of COMMANDS) {
    for (const [name, flag] of hiddenFlags(definitionsOf(await entry.load()))) {
      const isRefused = REFUSED.test(flag.summary ?? '');
      const summary = (flag.summary ?? '').replace(REFUSED, '') || 'it cannot be had here';
      (isRefused ? refused : accepted).push(`| \`${entry.name}\` | \`--${name}\` | ${summary.replaceAll(/[|<>*_]/g, '\\$&')} |`);
    }
  }
  return [
    '# Flags for scripts that were written for Buildah',
    'What [Coming from Buildah](../coming-from-buildah.md) sums up, flag by flag. `npm run docs` writes this page.',
    '## Refused',
    'With `not supported by tsbuild: --flag (reason)` and status 125, never ignored.',
    ['| command | flag | reason |', '|---|---|---|', ...refused].join('\n'),
    '## Accepted, and not in `--help`',
    ['| command | flag | |', '|---|---|---|', ...accepted].join('\n'),
  ]
    .join('\n\n')
    .concat('\n');
}

function hiddenFlags(flags: Readonly<Record<string, FlagShape>>): readonly (readonly [string, FlagShape])[] {
  return Object.entries(flags)
    .filter(([, flag]) => flag.hidden === true)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
