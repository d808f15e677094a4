import * as assert from 'uvu/assert';
import { type Fault, type SeenRequest, sha256, withRegistry } from '../../support/registry.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { descriptorOf, OCI_MANIFEST, openClient, readAll, sampleManifest } from './open-client.js';
import { withCertificates } from './with-certificates.js';

suite('TLS', (test) => {
  test('a certificate of an unknown authority is refused by every method, and no request is sent', async () => {
    await withCertificates(({ server }) =>
      withRegistry({ tls: server }, async (registry) => {
        const client = openClient(registry, { insecure: false });
        const blob = descriptorOf(Buffer.from('x'));
        const content = async function* () {
          yield Buffer.from('x');
        };
        const manifest = { bytes: sampleManifest(), mediaType: OCI_MANIFEST, digest: blob.digest };
        for (const attempt of [
          () => client.fetchManifest('app', '1'),
          () => readAll(client.fetchBlob('app', blob)),
          () => client.hasBlob('app', blob),
          () => client.uploadBlob('app', blob, content),
          () => client.mountBlob('app', blob, 'base'),
          () => client.uploadManifest('app', '1', manifest),
          () => client.listTags('app'),
        ]) {
          const error = await rejects(attempt, { code: 'REGISTRY_ERROR', message: /not trusted here \(x509/ });
          assert.match((error as { hint?: string }).hint ?? '', /SSL_CERT_FILE/);
        }
        assert.is(registry.requests.length, 0);
      }),
    );
  });

  test('a client certificate is shown to the registry', async () => {
    await withCertificates(({ ca, server, client }) =>
      withRegistry({ tls: { ...server, ca } }, async (registry) => {
        registry.addManifest('app', '1', sampleManifest(), OCI_MANIFEST);
        await openClient(registry, { insecure: false, ca: [ca], clientCertificate: client }).fetchManifest('app', '1');
        const without = openClient(registry, { insecure: false, ca: [ca], retry: { retries: 0, delayMs: 1 } });
        await rejects(without.fetchManifest('app', '1'), { code: 'REGISTRY_ERROR' });
      }),
    );
  });

  test('a client certificate is not shown to the target of a redirect', async () => {
    const content = Buffer.from('content');
    await withCertificates(({ ca, server, client }) =>
      withRegistry({ tls: { ...server, ca } }, async (storage) => {
        storage.addBlob('cdn', content);
        const fault = ({ path }: SeenRequest): Fault | undefined =>
          path.includes('/blobs/')
            ? { kind: 'answer', status: 307, headers: { location: `${storage.origin}/v2/cdn/blobs/${sha256(content)}` } }
            : undefined;
        await withRegistry({ tls: { ...server, ca }, fault }, async (registry) => {
          const options = { insecure: false, ca: [ca], clientCertificate: client, retry: { retries: 0, delayMs: 1 } };
          await rejects(readAll(openClient(registry, options).fetchBlob('app', descriptorOf(content))), { code: 'REGISTRY_ERROR' });
          assert.is(storage.requests.length, 0);
        });
      }),
    );
  });

  test('https does not step down to http, not even on a redirect', async () => {
    const content = Buffer.from('content');
    await withCertificates(({ ca, server }) =>
      withRegistry({}, async (plain) => {
        const fault = ({ path }: SeenRequest): Fault | undefined =>
          path.includes('/blobs/') ? { kind: 'answer', status: 302, headers: { location: `${plain.origin}/x` } } : undefined;
        await withRegistry({ tls: server, fault }, async (registry) => {
          const client = openClient(registry, { insecure: false, ca: [ca] });
          await rejects(readAll(client.fetchBlob('app', descriptorOf(content))), { code: 'REGISTRY_ERROR', message: /unprotected http/ });
          assert.is(plain.requests.length, 0);
        });
      }),
    );
  });
});
