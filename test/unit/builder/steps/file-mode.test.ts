import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { changeMode } from '../../../../src/builder/steps/file-mode.js';
import { suite } from '../../../support/suite.js';
import { withTempDir } from '../../../support/temp-dir.js';

const S_IFREG = 0o100000;
const S_IFDIR = 0o040000;

const SYMBOLIC = [
  'u=rwX,go=rX',
  '+x',
  '-x',
  '+X',
  'a+r',
  'a-w',
  'a=',
  'u=',
  'go=',
  'ugo=rx',
  'g=u',
  'o=g',
  'u=o',
  'go=u',
  'g+u',
  'o-u',
  'u+s',
  'g+s',
  'u-s',
  'g-s',
  'ug+s',
  '+s',
  '+t',
  'o+t',
  'u+t',
  '-t',
  'a=t',
  'u=rwxs',
  'g=rxs',
  'u=rw-x+r',
  'u+w-r+x',
  'a=rX',
  'a-x,a+X',
  'u=rwx,g=rx,o=',
  'u=rwx,g=u,o=g',
  '=r',
  '+rwx',
  '-rwx',
  'o=u-w',
];

const MODES = [0o644, 0o600, 0o755, 0o711, 0o000, 0o4755, 0o2755, 0o1777, 0o6711, 0o7777];

suite('builder/steps/file-mode', (test) => {
  for (const [mode, change, expected] of [
    [S_IFREG | 0o644, '755', 0o755],
    [S_IFREG | 0o644, '0755', 0o755],
    [S_IFREG | 0o644, '0', 0],
    [S_IFREG | 0o644, '4755', 0o4755],
    [S_IFREG | 0o4755, '755', 0o755],
    [S_IFDIR | 0o2755, '755', 0o755],
    [S_IFDIR | 0o755, '7777', 0o7777],
  ] as const) {
    test(`changeMode() ${mode.toString(8)} by ${change}`, () => assert.is(changeMode(mode, change).toString(8), expected.toString(8)));
  }

  for (const change of SYMBOLIC) {
    test(`changeMode() ${change} does what chmod does`, async () => {
      await withTempDir((directory) => {
        for (const [kind, type] of [
          ['file', S_IFREG],
          ['directory', S_IFDIR],
        ] as const) {
          for (const mode of MODES) {
            const path = join(directory, `${kind}-${mode.toString(8)}`);
            if (kind === 'file') writeFileSync(path, '');
            else mkdirSync(path);
            chmodSync(path, mode);
            // Without a umask, as in a build.
            execFileSync('/bin/sh', ['-c', 'umask 0; chmod -- "$1" "$2"', 'sh', change, path], { stdio: 'pipe' });
            const expected = statSync(path).mode & 0o7777;
            assert.is(changeMode(type | mode, change).toString(8), expected.toString(8), `${kind} ${mode.toString(8)}`);
          }
        }
      });
    });
  }
});
