import * as assert from 'uvu/assert';
import type { Fault } from '../../support/registry.js';
import { withRegistry } from '../../support/registry.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { OCI_MANIFEST, openClient, sampleManifest } from './open-client.js';

suite('listTags()', (test) => {
  test('gathers all pages', async () => {
    await withRegistry({}, async (registry) => {
      for (const tag of ['1', '2', '3', '4', '5']) registry.addManifest('team/app', tag, sampleManifest(tag), OCI_MANIFEST);
      assert.equal(await openClient(registry).listTags('team/app'), ['1', '2', '3', '4', '5']);
      assert.is(registry.count('GET', /tags\/list/), 3);
    });
  });
  test('says that there is no such repository', async () => {
    await withRegistry({}, async (registry) => {
      await rejects(openClient(registry).listTags('app'), { code: 'REGISTRY_ERROR', message: /no such repository \(404 NAME_UNKNOWN/ });
    });
  });
  const answers: readonly [string, readonly string[] | undefined][] = [
    ['{"name":"app","tags":null}', []],
    ['{"name":"app"}', []],
    ['{"tags":[1]}', undefined],
    ['""', undefined],
    ['null', undefined],
    ['{', undefined],
  ];
  for (const [body, expected] of answers) {
    test(`reads ${body}`, async () => {
      const fault = ({ path }: { path: string }): Fault | undefined =>
        path.includes('/tags/') ? { kind: 'answer', status: 200, body } : undefined;
      await withRegistry({ fault }, async (registry) => {
        const listing = openClient(registry).listTags('app');
        if (expected === undefined) await rejects(listing, { code: 'REGISTRY_ERROR' });
        else assert.equal(await listing, expected);
      });
    });
  }
});
