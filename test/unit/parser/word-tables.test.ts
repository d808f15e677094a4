import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { lowerStage, resolveStages } from '../../../src/builder/graph/index.js';
import { expandWord } from '../../../src/parser/expand.js';
import { ContainerfileSyntaxError, parseContainerfile } from '../../../src/parser/index.js';
import { skip, suite } from '../../support/suite.js';
import { containerfiles } from '../../support/tsbuild.js';

/** What other programs make of the same words. How they were asked is in the tests below, which ask again. */
const read = (name: string): unknown => JSON.parse(readFileSync(join(containerfiles, 'words', name), 'utf8'));

interface ExpansionTable {
  readonly variables: Readonly<Record<string, string>>;
  readonly rows: readonly (readonly [string, string])[];
}

suite('expansion, by what bash makes of an assignment', (test) => {
  const { variables, rows } = read('expansion-by-bash.json') as ExpansionTable;
  const lookup = (name: string): string | undefined => (Object.hasOwn(variables, name) ? variables[name] : undefined);
  for (const [text, expected] of rows) test(JSON.stringify(text), () => assert.is(expandWord(text, { lookup }), expected));

  test('bash still says the same', () => {
    const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
    const setting = Object.entries(variables).map(([name, value]) => `${name}=${quote(value)}`);
    const script = [...setting, 'unset U', ...rows.map(([text]) => `R=${text}\nprintf '%s\\0' "$R"`)].join('\n');
    const { status, stdout, error } = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8' });
    if (error !== undefined) skip(`there is no bash: ${error.message}`);
    assert.is(status, 0);
    assert.equal(
      stdout.split('\0').slice(0, -1),
      rows.map(([, expected]) => expected),
    );
  });
});

/** Labels by name, or `null` where Buildah refuses the instruction. */
type LabelRow = readonly [string, Readonly<Record<string, string>> | null];

/** Where the language is BuildKit's, and Buildah's parser is older than that. */
const BUILDKIT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // Two escape characters at the end of a line do not continue it.
  'a=\\\\': { a: '\\' },
  // `$$` is a variable, which is never set.
  'a=$$V': { a: 'V' },
};

suite('words, by the labels Buildah makes of LABEL', (test) => {
  for (const [text, expected] of read('labels-by-buildah.json') as readonly LabelRow[]) {
    test(JSON.stringify(text), () => {
      try {
        assert.equal(labelsOf(text), BUILDKIT[text] ?? expected);
      } catch (error) {
        if (!(error instanceof ContainerfileSyntaxError)) throw error;
        assert.is(expected, null, error.message);
      }
    });
  }
});

function labelsOf(text: string): unknown {
  const file = parseContainerfile({ name: 'Containerfile', text: `FROM scratch\nENV V=val\nLABEL ${text}\n` });
  const platform = { os: 'linux', architecture: 'amd64' };
  const { target } = resolveStages(file, { platform, buildPlatform: platform });
  return lowerStage(target, { config: {} }).config.Labels;
}
