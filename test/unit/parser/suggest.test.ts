import * as assert from 'uvu/assert';
import { suggest } from '../../../src/parser/suggest.js';
import { suite } from '../../support/suite.js';

suite('suggest()', (test) => {
  const names = ['COPY', 'CMD', 'RUN', 'ENTRYPOINT', 'WORKDIR'];
  for (const [word, expected] of [
    ['COPPY', 'COPY'],
    ['CPOY', 'COPY'],
    ['ENTRYPIONT', 'ENTRYPOINT'],
    ['workdri', 'WORKDIR'],
    ['RN', 'RUN'],
    ['INCLUDE', undefined],
    ['COPY', undefined],
    ['', undefined],
  ] as const) {
    test(word, () => assert.is(suggest(word, names), expected));
  }
});
