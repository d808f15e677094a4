import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type Attempt, allRefused } from '../../support/hostile/refused.js';
import { answers, type Behaviour, type HostileSite, pours, redirects, withSite } from '../../support/hostile/site.js';
import { digestOf, imageOf, MANIFEST_TYPE } from '../../support/hostile-image.js';
import { withHttpProxy } from '../../support/http-proxy.js';
import { basic } from '../../support/registry.js';
import { suite } from '../../support/suite.js';
import { tarOf } from '../../support/tar-of.js';
import { type Guarded, withGuarded } from '../../support/unchanged.js';

// What a hostile registry or web server does on the wire, to the commands that talk to it.

const LAYER = tarOf([{ name: 'file', data: 'x' }]);
const IMAGE = imageOf([LAYER]);
const MANIFEST = answers(200, IMAGE.manifest, { 'content-type': MANIFEST_TYPE });
const CREDS = ['--creds', 'ada:hunter2'];
const ONCE = ['--tls-verify=false', '--retry', '0'];
/** What nobody but the registry may see, in every form it travels in. */
const SECRETS = ['hunter2', Buffer.from('ada:hunter2').toString('base64'), 'identity-token-of-ada'];

/** A site that has good images and bad answers, and another on an address of its own that it sends its clients to. */
interface Scene extends Guarded {
  readonly site: HostileSite;
  readonly elsewhere: HostileSite;
}

function withScene(body: (scene: Scene) => Promise<void>): Promise<void> {
  return withSite({}, (site) =>
    withSite({ address: '127.0.0.2' }, (elsewhere) => withGuarded((place) => body({ ...place, site, elsewhere }))),
  );
}

/** `behaviour` for those who show Ada's password, a demand for it for others. */
function guarded(behaviour: Behaviour): Behaviour {
  return (request, response) => {
    const isAda = request.headers.authorization === basic('ada', 'hunter2');
    (isAda ? behaviour : answers(401, '', { 'www-authenticate': 'Basic realm="here"' }))(request, response);
  };
}

const bearer = (realm: string): Behaviour => answers(401, '', { 'www-authenticate': `Bearer realm="${realm}",service="here"` });

const manifestPath = (repository: string): string => `/v2/${repository}/manifests/latest`;
const pull = (site: HostileSite, repository: string, ...flags: readonly string[]): readonly string[] => [
  'pull',
  ...ONCE,
  ...flags,
  `docker://${site.host}/${repository}`,
];

/** No request that came there shows anything of Ada but her wish. */
function assertNothingGiven(elsewhere: HostileSite): void {
  for (const { path, headers, body } of elsewhere.requests) {
    const whole = `${path}\n${JSON.stringify(headers)}\n${body}`;
    for (const secret of SECRETS) assert.not.ok(whole.includes(secret), `${path} was sent ${whole}`);
    for (const name of ['authorization', 'cookie', 'proxy-authorization']) assert.is(headers[name], undefined, path);
  }
}

async function addApp({ store, context }: Guarded): Promise<void> {
  writeFileSync(join(context, 'Containerfile'), 'FROM scratch\nCOPY Containerfile /\n');
  await store.ok(['bud', '-q', '-t', 'app', context]);
}

suite('security/hostile-transfers', (test) => {
  test('the urls of a foreign layer are not asked, with credentials or without', () =>
    withScene(async ({ site, elsewhere, ...place }) => {
      elsewhere.on('/layer', answers(200, LAYER));
      const types = ['application/vnd.docker.image.rootfs.foreign.diff.tar', 'application/vnd.oci.image.layer.nondistributable.v1.tar'];
      const attempts = types.map((mediaType, at): Attempt => {
        const image = imageOf([LAYER], { firstLayer: { mediaType, urls: [`${elsewhere.origin}/layer`] } });
        site.addImage(`lib/foreign-${at}`, image);
        site.on(manifestPath(`lib/foreign-${at}`), guarded(answers(200, image.manifest, { 'content-type': MANIFEST_TYPE })));
        site.on(`/v2/lib/foreign-${at}/blobs/${digestOf(LAYER)}`, answers(404, '{}'));
        return {
          title: mediaType,
          args: pull(site, `lib/foreign-${at}`, ...CREDS),
          says: /has the manifest of this image but not this blob/,
        };
      });
      await allRefused(place, attempts);
      assert.equal(elsewhere.seen('/'), []);
    }));

  test('a token server on another host gets no password over http, one that is no server nothing at all', () =>
    withScene(async ({ site, elsewhere, ...place }) => {
      const authFile = join(place.store.directory, 'auth.json');
      writeFileSync(authFile, JSON.stringify({ auths: { [site.host]: { identitytoken: 'identity-token-of-ada' } } }));
      elsewhere.on('/token', answers(200, '{"token":"worthless"}')).on('/refuses', answers(401, '{"details":"who are you"}'));
      const realms: readonly (readonly [name: string, realm: string, says: RegExp])[] = [
        ['elsewhere', `${elsewhere.origin}/token`, /with the token that was given|401/],
        ['refuses', `${elsewhere.origin}/refuses`, /no token was given without credentials \(401 who are you\)/],
        ['file', 'file:///etc/passwd', /the token server it names is not reached by https \(realm "file:/],
        ['ftp', 'ftp://127.0.0.2/token', /is not reached by https \(realm "ftp:/],
        ['nothing', 'not a url', /the token server it names is not a URL/],
        ['password', `http://eve:secret@${elsewhere.host}/token`, /the URL of the token server it names holds a password$/m],
      ];
      const attempts = realms.flatMap(([name, realm, says]): Attempt[] => {
        site.on(manifestPath(`lib/${name}`), bearer(realm));
        return [
          { title: `${name}, password`, args: pull(site, `lib/${name}`, ...CREDS), says },
          { title: `${name}, identity token`, args: pull(site, `lib/${name}`, '--authfile', authFile), says },
        ];
      });
      await allRefused(place, attempts);
      assert.is(elsewhere.seen('/token').length, 2);
      assertNothingGiven(elsewhere);
    }));

  test('a registry at a public name sends nobody to a token server at a private address', () =>
    withScene(async ({ site, ...place }) => {
      await withHttpProxy({ 'registry.example:80': site.host, 'registry.example': site.host }, async (proxy) => {
        const env = { http_proxy: `http://${proxy.address}`, https_proxy: `http://${proxy.address}`, no_proxy: '', NO_PROXY: undefined };
        const privates = ['169.254.169.254', 'localhost', '[::1]', '[::ffff:10.0.0.1]', '0x7f.1', '2130706433'];
        const attempts = privates.map((address, at): Attempt => {
          site.on(manifestPath(`lib/${at}`), bearer(`http://${address}/latest/meta-data`));
          const args = ['pull', ...ONCE, ...CREDS, `docker://registry.example/lib/${at}`];
          return { title: address, args, says: /the token server it names is at a private address/, run: { env } };
        });
        await allRefused(place, attempts);
        assert.equal(
          proxy.seen.filter(({ line }) => line.includes('meta-data')),
          [],
        );
      });
    }));

  test('a proxy that hangs up ends the command, and its password is not told', () =>
    withScene(async ({ site, ...place }) => {
      writeFileSync(join(place.context, 'Add'), 'FROM scratch\nADD https://files.example/file /\n');
      const env = { https_proxy: `http://ada:hunter2@${site.host}`, no_proxy: '', NO_PROXY: undefined };
      const commands = [
        ['pull', '--retry', '0', 'docker://registry.example/lib/app'],
        ['login', '--retry', '0', '-u', 'ada', '-p', 'x', 'registry.example'],
        ['bud', '-f', join(place.context, 'Add'), place.context],
      ];
      const says = [/the connection to (registry|files)\.example failed \(ECONNRESET\)/, /^(?!.*hunter2)/s];
      await allRefused(
        place,
        commands.map((args) => ({ title: args.join(' '), args, says, run: { env } })),
      );
    }));

  test('an upload that goes on elsewhere, or is redirected, goes there without credentials', () =>
    withScene(async ({ site, elsewhere, ...place }) => {
      await addApp(place);
      const locations: readonly (readonly [name: string, begun: Behaviour, says: RegExp])[] = [
        ['elsewhere', answers(202, '', { location: `${elsewhere.origin}/upload?state=1` }), /upload blob sha256:.*403/],
        ['password', answers(202, '', { location: `http://ada:hunter2@${elsewhere.host}/upload` }), /upload blob sha256:.*403/],
        ['file', answers(202, '', { location: 'file:///etc/passwd' }), /sends to file: instead of https:/],
        ['missing', answers(202), /without the Location header/],
        ['redirect', redirects(`${elsewhere.origin}/upload`), /redirects a POST request, which the protocol does not allow/],
      ];
      elsewhere.on('/upload', answers(403, '{}'));
      const attempts = locations.map(([name, begun, says]): Attempt => {
        site.on(`/v2/lib/${name}/blobs/uploads/`, guarded(begun));
        return { title: name, args: ['push', ...ONCE, ...CREDS, 'app', `docker://${site.host}/lib/${name}`], says };
      });
      await allRefused(place, attempts);
      assert.ok(elsewhere.seen('/upload').length > 0);
      assertNothingGiven(elsewhere);
    }));

  test('a redirect elsewhere is followed without credentials, one that leads nowhere not at all', () =>
    withScene(async ({ site, elsewhere, store, ...place }) => {
      site.on('/loop', redirects('/loop'));
      elsewhere.on('/manifest', MANIFEST).on('/forbidden', answers(403, '{"errors":[{"code":"DENIED","message":"not you"}]}'));
      const targets: readonly (readonly [name: string, target: string, says: RegExp])[] = [
        ['forbidden', `${elsewhere.origin}/forbidden`, /403 DENIED: not you/],
        ['password', `http://ada:hunter2@${elsewhere.host}/forbidden`, /403 DENIED: not you/],
        ['demanding', `${elsewhere.origin}/demanding`, /401|no credentials/],
        ['loop', '/loop', /redirects more than 5 times/],
        ['file', 'file:///etc/passwd', /sends to file: instead of https:/],
        ['nonsense', 'http://[', /a Location header that is not a URL/],
      ];
      elsewhere.on('/demanding', answers(401, '', { 'www-authenticate': 'Basic realm="give it to me"' }));
      const attempts = targets.map(([name, target, says]): Attempt => {
        site.on(manifestPath(`lib/${name}`), guarded(redirects(target)));
        return { title: name, args: pull(site, `lib/${name}`, ...CREDS), says };
      });
      await allRefused({ ...place, store }, attempts);

      for (const name of ['blob', 'tag']) site.addImage(`lib/${name}`, IMAGE);
      site.on(manifestPath('lib/tag'), guarded(redirects(`${elsewhere.origin}/manifest`)));
      site.on(manifestPath('lib/blob'), guarded(MANIFEST));
      site.on(`/v2/lib/blob/blobs/${digestOf(LAYER)}`, guarded(redirects(`${elsewhere.origin}/layer`)));
      elsewhere.on('/layer', answers(200, LAYER));
      for (const name of ['blob', 'tag']) await store.ok([...pull(site, `lib/${name}`, '--policy', 'always', ...CREDS)]);
      for (const path of ['/manifest', '/layer', '/forbidden', '/demanding']) assert.ok(elsewhere.seen(path).length > 0, path);
      assertNothingGiven(elsewhere);
    }));

  test('a server that says one length and sends another is not believed, and nothing is allocated by its word', () =>
    withScene(async ({ site, ...place }) => {
      const huge = { 'content-length': String(2 ** 60) };
      const blob = (name: string, behaviour: Behaviour): string => {
        site.addImage(`lib/${name}`, IMAGE);
        site.on(`/v2/lib/${name}/blobs/${digestOf(LAYER)}`, behaviour);
        return name;
      };
      const manifest = (name: string, behaviour: Behaviour): string => {
        site.on(manifestPath(`lib/${name}`), behaviour);
        return name;
      };
      const type = { 'content-type': MANIFEST_TYPE };
      const cases: readonly (readonly [name: string, says: RegExp])[] = [
        [manifest('long-manifest', answers(200, IMAGE.manifest, { ...type, ...huge })), /the connection to .* failed/],
        [manifest('short-manifest', answers(200, IMAGE.manifest, { ...type, 'content-length': '7' })), /it is not valid JSON|failed \(/],
        [
          manifest('negative', answers(200, IMAGE.manifest, { ...type, 'content-length': '-1' })),
          /the connection to .* failed \(HTTPParserError: .*Content-Length/,
        ],
        [blob('long-blob', answers(200, LAYER, huge)), /the connection to .* failed|more than/],
        [blob('short-blob', answers(200, LAYER, { 'content-length': '7' })), /expected \d+ bytes|failed \(/],
        [blob('more', answers(200, Buffer.concat([LAYER, LAYER]))), /expected 2048 bytes, got more/],
        [blob('range', answers(206, LAYER, { 'content-range': 'bytes 5-10/10' })), /206/],
      ];
      await allRefused(
        place,
        cases.map(([name, says]) => ({ title: name, args: pull(site, `lib/${name}`), says })),
      );
    }));

  test('bodies and lists without end are left at their limits', () =>
    withScene(async ({ site, elsewhere, ...place }) => {
      const { store, context } = place;
      await addApp(place);
      const image = site.addImage('lib/blob', IMAGE);
      site.on(`/v2/lib/blob/blobs/${digestOf(LAYER)}`, pours(200, { first: LAYER.toString('latin1') }));
      site.on(manifestPath('lib/manifest'), pours(200, { headers: { 'content-type': MANIFEST_TYPE } }));
      site.on(manifestPath('lib/error'), pours(500));
      site.on(manifestPath('lib/denied'), pours(403));
      site.on(manifestPath('lib/token'), bearer(`${site.origin}/token`)).on('/token', pours(200));
      site.on(manifestPath('lib/refusal'), bearer(`${site.origin}/refusal`)).on('/refusal', pours(401));
      site.on('/v2/lib/tags/tags/list', pours(200, { first: '{"tags":["a"' }));
      // Each page may be: it is their number that never ends.
      const page = JSON.stringify({ tags: Array.from({ length: 60_000 }, (_, at) => `a-tag-with-a-rather-long-name-${at}`) });
      site.on('/v2/lib/pages/tags/list', answers(200, page, { link: '</v2/lib/pages/tags/list?n=1>; rel="next"' }));
      site.on('/v2/lib/million/tags/list', answers(200, `{"tags":["a"${',"a"'.repeat(1_000_000)}]}`));
      site.on('/v1/search', pours(200, { first: '{"results":[' })).on('/v2/_catalog', pours(200, { first: '{"repositories":[' }));
      site.on('/v2/lib/push/blobs/uploads/', pours(400));
      elsewhere.on('/v2/', pours(418));
      writeFileSync(join(context, 'From'), `FROM ${image}\nCOPY From /\n`);
      const allTags = (name: string) => ['pull', '--all-tags', ...ONCE, `docker://${site.host}/lib/${name}`];
      const limit = (bytes: number) => new RegExp(`answered more than the ${bytes} bytes that are allowed here`);
      const attempts: readonly Attempt[] = [
        { title: 'manifest', args: pull(site, 'lib/manifest'), says: limit(4 * 2 ** 20) },
        { title: 'blob', args: pull(site, 'lib/blob'), says: /expected 2048 bytes, got more/ },
        { title: 'blob of a base', args: ['bud', ...ONCE, '-f', join(context, 'From'), context], says: /expected 2048 bytes, got more/ },
        { title: 'error', args: pull(site, 'lib/error'), says: /Cannot read .*lib\/error:latest: .*500/ },
        { title: 'denial', args: pull(site, 'lib/denied'), says: /Cannot read .*lib\/denied:latest: .*403/ },
        { title: 'token', args: pull(site, 'lib/token', ...CREDS), says: limit(2 ** 20) },
        { title: 'refusal', args: pull(site, 'lib/refusal', ...CREDS), says: /no token was given for user "ada" \(401\)/ },
        { title: 'tags', args: allTags('tags'), says: limit(4 * 2 ** 20) },
        { title: 'pages', args: allTags('pages'), says: /it has more than \d+ bytes of tags/ },
        { title: 'a million tags on a page', args: allTags('million'), says: /lib\/million:a: the registry has no such image/ },
        { title: 'search', args: ['search', ...ONCE, `${site.host}/x`], says: limit(4 * 2 ** 20) },
        { title: 'push', args: ['push', ...ONCE, 'app', `docker://${site.host}/lib/push`], says: /400/ },
        { title: 'login', args: ['login', ...ONCE, '-u', 'ada', '-p', 'hunter2', elsewhere.host], says: /418/ },
        { title: 'ping', args: pull(elsewhere, 'lib/ping'), says: /418/ },
      ];
      await allRefused({ ...place, store }, attempts);
      // Each attempt's limit, what lies in the buffers of its sockets, and no more.
      const mebibytes = (site.writtenBytes + elsewhere.writtenBytes) / 2 ** 20;
      assert.ok(mebibytes < 250, `${mebibytes} MiB were taken`);
    }));
});
