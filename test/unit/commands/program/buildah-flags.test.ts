import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { FlagShape } from '../../../../src/commands/flags/flags.js';
import { definitionsOf as ownDefinitionsOf } from '../../../../src/commands/flags/flags.js';
import { GLOBAL_FLAGS } from '../../../../src/commands/flags/global-flags.js';
import { parseCommandLine } from '../../../../src/commands/program/command-line.js';
import { findCommand } from '../../../../src/commands/program/command-table.js';
import { REFUSED_COMMANDS, refuseAbsentCommand } from '../../../../src/commands/program/refused-commands.js';
import { skip, suite } from '../../../support/suite.js';
import { project } from '../../../support/tsbuild.js';

/** The flags of a command of Buildah's, with their letters (`-q`, or empty). */
interface CommandFlags {
  /** As Debian's Buildah 1.28 shows them in `--help`. */
  readonly recorded: Readonly<Record<string, string>>;
  /** Of later versions, and hidden ones: by the manual pages and the code of Buildah 1.44. */
  readonly later: readonly string[];
}

const FILE = join(project, 'test/unit/commands/program/buildah-flags.json');
const FLAGS = JSON.parse(readFileSync(FILE, 'utf8')) as Readonly<Record<string, CommandFlags>>;

type Definitions = Readonly<Record<string, FlagShape>>;

async function definitionsOf(command: string): Promise<Definitions> {
  if (command === 'buildah') return GLOBAL_FLAGS;
  const entry = findCommand(command);
  assert.ok(entry, `there is no command "${command}"`);
  return { ...GLOBAL_FLAGS, ...ownDefinitionsOf(await entry.load()) };
}

function find(definitions: Definitions, flag: string): FlagShape | undefined {
  return definitions[flag] ?? Object.values(definitions).find(({ aliases }) => aliases?.includes(flag));
}

function refusal(definitions: Definitions, argv: readonly string[]): string {
  try {
    parseCommandLine([() => definitions], argv);
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
}

suite('flags of Buildah', (test) => {
  for (const [command, { recorded, later }] of Object.entries(FLAGS)) {
    const [group = ''] = command.split(' ');
    if (REFUSED_COMMANDS.has(group)) {
      test(`${command} is refused as a whole`, () => {
        assert.is(findCommand(command), undefined);
        assert.throws(() => refuseAbsentCommand(group), /^not supported by tsbuild: \w+ \(.+\)$/);
      });
      continue;
    }
    test(`${command}: every flag is known`, async () => {
      const definitions = await definitionsOf(command);
      const unknown = [...Object.keys(recorded), ...later].filter((flag) => find(definitions, flag) === undefined);
      assert.equal(unknown, []);
      for (const [flag, letter] of Object.entries(recorded)) {
        if (letter !== '') assert.is(`-${find(definitions, flag)?.char}`, letter, `letter of --${flag}`);
      }
    });
    test(`${command}: what is refused says which flag and why`, async () => {
      const definitions = await definitionsOf(command);
      for (const [name, { refusal: reason, char }] of Object.entries(definitions)) {
        if (reason === undefined) continue;
        const sentence = `not supported by tsbuild: --${name} (${reason})`;
        const written = [[`--${name}`], [`--${name}=1`], [`--${name}`, 'word'], ...(char === undefined ? [] : [[`-${char}`, 'word']])];
        for (const argv of written) assert.is(refusal(definitions, argv), sentence);
      }
    });
  }

  test('the record is what the installed Buildah 1.28 says', () => {
    if (process.getuid?.() !== 0) skip('once is enough: as root');
    if (!helpOf([]).includes('buildah')) skip('buildah is not installed');
    if (!execFileSync('buildah', ['--version'], { encoding: 'utf8' }).includes(' 1.28.')) skip('the record is of Buildah 1.28');
    for (const [command, { recorded }] of Object.entries(FLAGS)) {
      if (command === 'prune') continue; // 1.28 has no such command.
      assert.equal(flagsOf(helpOf(command === 'buildah' ? [] : command.split(' '))), recorded, command);
    }
  });
});

function helpOf(words: readonly string[]): string {
  try {
    return execFileSync('buildah', [...words, '--help'], { encoding: 'utf8' });
  } catch {
    return '';
  }
}

/** Lines such as `  -q, --quiet   refrain from ...` of the section `Flags:`. */
function flagsOf(help: string): Record<string, string> {
  const section = /^Flags:\n([\s\S]*?)(?:\n\n|$(?![\s\S]))/m.exec(help)?.[1] ?? '';
  const found = [...section.matchAll(/^\s+(?:(-\w), )?--([\w-]+)/gm)].map(([, letter = '', name = '']) => [name, letter] as const);
  return Object.fromEntries(found.filter(([name]) => name !== 'help' && name !== 'version'));
}
