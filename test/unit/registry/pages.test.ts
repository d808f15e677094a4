import * as assert from 'uvu/assert';
import { nextPage } from '../../../src/registry/pages.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';

suite('nextPage()', (test) => {
  const from = new URL('https://r.example/v2/app/tags/list');
  const links: readonly [string | undefined, string | undefined][] = [
    [undefined, undefined],
    ['</v2/app/tags/list?last=b&n=2>; rel="next"', 'https://r.example/v2/app/tags/list?last=b&n=2'],
    ['<https://r.example/x>; rel=next', 'https://r.example/x'],
    ['</x>; title="a"; rel="next"', 'https://r.example/x'],
    ['</x>; rel="prev"', undefined],
  ];
  for (const [link, expected] of links) test(`of ${link}`, () => assert.is(nextPage(from, link, 'list')?.href, expected));
  for (const link of ['<https://evil.example/x>; rel="next"', '<http://r.example/x>; rel="next"', '<file:///etc>; rel="next"']) {
    test(`refuses ${link}`, () => rejects(() => nextPage(from, link, 'list'), { code: 'REGISTRY_ERROR' }));
  }
});
