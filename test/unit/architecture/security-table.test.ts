import { existsSync, readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { packageFile } from '../../../src/sys/index.js';
import { suite } from '../../support/suite.js';

const REFERENCE = /`(test\/[\w/.-]+)` "([^"]+)"/g;
const WITHOUT_TEST = /does not apply: |nothing to test yet: /;

suite('docs/security.md', (test) => {
  const rows = readFileSync(packageFile('docs/security.md'), 'utf8')
    .split('\n')
    .flatMap((line) => (/^\| \d+ \|/.test(line) ? [line.split(' | ')] : []));

  test('has every row of the checklist, once', () => {
    assert.equal(
      rows.map(([number = '']) => Number(number.replace('| ', ''))),
      Array.from({ length: 70 }, (_, index) => index + 1),
    );
  });

  for (const [number = '', attack = '', coverage = ''] of rows)
    test(`row ${number.replace('| ', '')}: ${attack}`, () => {
      const references = [...coverage.matchAll(REFERENCE)];
      assert.ok(references.length > 0 || WITHOUT_TEST.test(coverage), 'neither a test nor a reason');
      for (const [, file = '', title = ''] of references) {
        assert.ok(existsSync(packageFile(file)), file);
        assert.ok(readFileSync(packageFile(file), 'utf8').includes(title), `${file} has no "${title}"`);
      }
    });

  test('node-tar is not among the dependencies', () => {
    const { packages } = JSON.parse(readFileSync(packageFile('package-lock.json'), 'utf8')) as {
      packages: Record<string, { dev?: boolean }>;
    };
    const shipped = Object.entries(packages).flatMap(([name, { dev }]) => (dev === true ? [] : [name.replace(/^.*node_modules\//, '')]));
    assert.not(shipped.includes('tar'));
  });
});
