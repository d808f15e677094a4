import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.js';
import { type TestStore, withTestStore } from '../support/tsbuild.js';

function contextOf(store: TestStore, name: string, containerfile: string): string {
  const directory = join(store.directory, name);
  mkdirSync(directory);
  writeFileSync(join(directory, 'Containerfile'), containerfile);
  return directory;
}

function policyOf(store: TestStore, rules: readonly object[]): string {
  const file = join(store.directory, 'policy.json');
  writeFileSync(file, JSON.stringify({ rules }));
  return file;
}

/** Two images of nothing but a label. */
async function addImages(store: TestStore): Promise<void> {
  for (const name of ['one', 'two']) {
    await store.ok(['bud', '-q', '-t', name, contextOf(store, `base-${name}`, `FROM scratch\nLABEL name=${name}\n`)]);
  }
}

const IMAGE = 'docker-image://localhost/';

suite('integration/source-policy', (test) => {
  test('CONVERT builds on another image', async () => {
    await withTestStore(async (store) => {
      await addImages(store);
      const policy = policyOf(store, [
        { action: 'CONVERT', selector: { identifier: `${IMAGE}one:*` }, updates: { identifier: `${IMAGE}two:\${1}` } },
      ]);
      const context = contextOf(store, 'c', 'FROM one\nLABEL built=yes\n');
      await store.ok(['bud', '-q', '--source-policy-file', policy, '-t', 'top', context]);
      assert.is((await store.ok(['inspect', '--format', '{{.OCIv1.Config.Labels.name}}', 'top'])).stdout, 'two');
    });
  });

  test('DENY names the rule and the line, also by the variable, and for every use of an image', async () => {
    await withTestStore(async (store) => {
      await addImages(store);
      const policy = policyOf(store, [
        { action: 'DENY', selector: { identifier: '*' } },
        { action: 'ALLOW', selector: { identifier: `${IMAGE}two:latest`, matchType: 'EXACT' } },
      ]);
      const context = contextOf(store, 'c', 'FROM two\nCOPY --from=one / /\n');
      const env = { EXPERIMENTAL_BUILDKIT_SOURCE_POLICY: policy };
      const denied = await store.tsbuild(['bud', context], { env });
      assert.is(denied.status, 125);
      assert.match(denied.stderr, `source "${IMAGE}one:latest" denied by policy: rule 1 of ${policy}: DENY WILDCARD "*"`);
      assert.match(denied.stderr, '>> 2 | COPY --from=one / /');
      await store.ok(['bud', '-q', contextOf(store, 'd', 'FROM two\n')], { env });
    });
  });

  test('downloads are denied, pinned and replaced', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end(`content of ${request.url}`);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const digest = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
    try {
      await withTestStore(async (store) => {
        const context = contextOf(store, 'c', `FROM scratch\nADD ${origin}/a /file\n`);
        const build = (rules: readonly object[]) => store.tsbuild(['bud', '-q', '--source-policy-file', policyOf(store, rules), context]);
        const selector = { identifier: `${origin}/*` };
        const denied = await build([{ action: 'DENY', selector }]);
        assert.match(denied.stderr, 'denied by policy');
        assert.equal(asked, []);
        const attrs = (text: string) => ({ 'http.checksum': digest(text) });
        assert.is((await build([{ action: 'CONVERT', selector, updates: { attrs: attrs('content of /a') } }])).status, 0);
        const mismatch = await build([{ action: 'CONVERT', selector, updates: { attrs: attrs('another') } }]);
        assert.match(mismatch.stderr, `digest mismatch of ${origin}/a`);
        const replaced = [{ action: 'CONVERT', selector: { identifier: `${origin}/a` }, updates: { identifier: `${origin}/b` } }];
        assert.is((await build(replaced)).status, 0);
        assert.equal(asked, ['/a', '/a', '/b']);
      });
    } finally {
      server.close();
    }
  });

  test('a git repository is denied by the name BuildKit gives it', async () => {
    await withTestStore(async (store) => {
      const policy = policyOf(store, [{ action: 'DENY', selector: { identifier: 'git://example.com/*' } }]);
      const context = contextOf(store, 'c', 'FROM scratch\nADD https://user:word@example.com/repo.git#v1 /src\n');
      const denied = await store.tsbuild(['bud', '--source-policy-file', policy, context]);
      assert.equal([denied.status, denied.stderr.includes('source "git://example.com/repo.git#v1" denied by policy')], [125, true]);
    });
  });

  test('a build does not begin without its policy', async () => {
    await withTestStore(async (store) => {
      const context = contextOf(store, 'c', 'FROM scratch\nLABEL a=b\n');
      const missing = await store.tsbuild(['bud', '--source-policy-file', '/nonexistent', context]);
      assert.equal([missing.status, missing.stderr.includes('Cannot use the source policy "/nonexistent"')], [125, true]);
    });
  });
});
