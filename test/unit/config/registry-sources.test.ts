import * as assert from 'uvu/assert';
import { admitRegistry } from '../../../src/config/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';

const admit = (sources: unknown, host: string) => admitRegistry({ BUILD_REGISTRY_SOURCES: JSON.stringify(sources) }, host);

suite('config/registry-sources', (test) => {
  test('admitRegistry() lets all in where nothing is said', () => {
    assert.equal(admitRegistry({}, 'quay.io'), { insecure: false });
    assert.equal(admit({}, 'quay.io'), { insecure: false });
  });

  test('admitRegistry() knows who need not have certificates', () => {
    assert.equal(admit({ insecureRegistries: ['here:5000'] }, 'here:5000'), { insecure: true });
    assert.equal(admit({ insecureRegistries: ['here:5000'] }, 'here'), { insecure: false });
  });

  // The sentences are Buildah's, which scripts look for.
  for (const [title, sources, message] of [
    [
      'one that is blocked',
      { blockedRegistries: ['a.example', 'quay.io'] },
      /"quay\.io" denied by policy: it is in the blocked registries list/,
    ],
    ['one that is not allowed', { allowedRegistries: ['a.example'] }, /"quay\.io" denied by policy: not in allowed registries list/],
    ['one that is allowed and blocked', { allowedRegistries: ['quay.io'], blockedRegistries: ['quay.io'] }, /blocked registries list/],
  ] as const) {
    test(`admitRegistry() refuses ${title}`, () => rejects(() => admit(sources, 'quay.io'), { code: 'SOURCE_DENIED', message }));
  }

  for (const [title, text] of [
    ['no JSON', '{'],
    ['no object', '[]'],
    ['no list', '{"blockedRegistries": "quay.io"}'],
    ['no texts', '{"allowedRegistries": [1]}'],
  ] as const) {
    test(`admitRegistry() refuses a rule that is ${title}`, () =>
      rejects(() => admitRegistry({ BUILD_REGISTRY_SOURCES: text }, 'quay.io'), { code: 'SETTINGS_INVALID' }));
  }
});
