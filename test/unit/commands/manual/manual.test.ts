import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { definitionsOf } from '../../../../src/commands/flags/flags.js';
import { GLOBAL_FLAGS } from '../../../../src/commands/flags/global-flags.js';
import { commandPages } from '../../../../src/commands/manual/command-page.js';
import { MARKDOWN_DIR, writeManual } from '../../../../src/commands/manual/manual.js';
import { parseCommandLine } from '../../../../src/commands/program/command-line.js';
import { COMMANDS, findCommand } from '../../../../src/commands/program/command-table.js';
import { skip, suite } from '../../../support/suite.js';
import { withTempDir } from '../../../support/temp-dir.js';
import { project, run } from '../../../support/tsbuild.js';

const manual = await writeManual('1.2.3');
const pages = await commandPages();

suite('commands/manual', (test) => {
  test('docs/commands is what the definitions say: `npm run docs` writes it', () => {
    const expected = [...manual].filter(([path]) => path.startsWith(`${MARKDOWN_DIR}/`));
    const names = expected.map(([path]) => path.slice(MARKDOWN_DIR.length + 1)).sort();
    assert.equal(readdirSync(join(project, MARKDOWN_DIR)).sort(), names);
    for (const [path, text] of expected) assert.is(readFileSync(join(project, path), 'utf8'), text, path);
  });

  for (const page of pages) {
    test(`tsbuild ${page.name} has a line, a usage and examples that can be read`, async () => {
      assert.match(page.summary, /^[A-Z].*[^.]$/);
      assert.ok(page.usage === page.name || page.usage.startsWith(`${page.name} `), page.usage);
      assert.ok(page.examples.length > 0, 'an example');
      const command = await COMMANDS.find(({ name }) => name === page.name)!.load();
      const { bareValues } = command;
      for (const example of page.examples) {
        const words = wordsAfterProgram(example);
        if (words === undefined) continue;
        const length = findCommand(words.slice(0, 2).join(' ')) === undefined ? 1 : 2;
        assert.ok(findCommand(words.slice(0, length).join(' ')), example);
        parseCommandLine([() => GLOBAL_FLAGS, () => definitionsOf(command)], words.slice(length), { bareValues });
      }
    });

    test(`every flag of tsbuild ${page.name} says what it does`, () => {
      for (const { name, summary } of page.flags) assert.ok(summary.length > 3, name);
    });
  }

  test('the pages for man(1) are without warnings', async () => {
    if ((await run(['groff', '--version']).catch(() => undefined)) === undefined) skip('groff is not installed: apt-get install groff');
    await withTempDir(async (directory) => {
      for (const [path, text] of manual) {
        if (!path.endsWith('.1')) continue;
        const file = join(directory, 'page.1');
        writeFileSync(file, text);
        const { status, stdout, stderr } = await run(['groff', '-man', '-Tascii', '-P-cbou', '-ww', file]);
        assert.is(status, 0, path);
        assert.is(stderr, '', path);
        assert.ok(stdout.includes('SYNOPSIS'), path);
      }
    });
  });

  test('nothing in a page for man(1) is taken for a request', () => {
    for (const [path, text] of manual) {
      if (!path.endsWith('.1')) continue;
      for (const line of text.split('\n')) if (/^['.]/.test(line)) assert.match(line, /^\.(TH|SH|TP|PP|nf|fi|B|BR)( |$)/, path);
    }
  });
});

/** Words of the first command of an example that is tsbuild's, as a shell splits them; undefined when it needs a real shell. */
function wordsAfterProgram(example: string): string[] | undefined {
  if (/[|<>;$]|&&|\\$/.test(example.replaceAll(/'[^']*'|"[^"]*"/g, ''))) return undefined;
  const words = (example.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? []).map((word) => word.replaceAll(/['"]/g, ''));
  return words[0] === 'tsbuild' ? words.slice(1) : undefined;
}
