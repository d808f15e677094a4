import * as assert from 'uvu/assert';
import { suggest } from '../../src/suggest.js';
import { suite } from '../support/suite.js';

suite('suggest()', (test) => {
  const names = ['COPY', 'CMD', 'RUN', 'ENTRYPOINT', 'WORKDIR'];
  for (const [word, expected] of [
    ['COPPY', 'COPY'],
    ['CPOY', 'COPY'],
    ['ENTRYPIONT', 'ENTRYPOINT'],
    ['workdri', 'WORKDIR'],
    ['RN', 'RUN'],
    ['ENTRY', 'ENTRYPOINT'],
    ['C', undefined],
    ['INCLUDE', undefined],
    ['COPY', undefined],
    ['', undefined],
  ] as const) {
    test(word, () => assert.is(suggest(word, names), expected));
  }

  for (const [word, expected] of [
    ['biuld', 'build'],
    ['image', 'images'],
    ['layerz', undefined],
    ['rum', 'run'],
    ['xyz', undefined],
    ['un', 'run'],
  ] as const) {
    test(`a command: ${word}`, () => assert.is(suggest(word, ['build', 'images', 'run', 'unshare']), expected));
  }
});
