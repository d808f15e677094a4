import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type Attempt, allRefused } from '../../support/hostile/refused.js';
import { answers, withSite, withSites } from '../../support/hostile/site.js';
import { digestOf, imageOf, MANIFEST_TYPE, writeLayout } from '../../support/hostile-image.js';
import { suite } from '../../support/suite.js';
import { tarOf } from '../../support/tar-of.js';
import { runOk } from '../../support/tsbuild.js';
import { type Guarded, withGuarded } from '../../support/unchanged.js';

// Ways around registries.conf and policy.json, and such files that are broken.

const GOOD = imageOf([tarOf([{ name: 'file', data: 'good' }])]);
const EVIL = imageOf([tarOf([{ name: 'file', data: 'evil' }])]);
const ONCE = ['--tls-verify=false', '--retry', '0'];

/** Every command that brings an image of a registry in, or reads it. */
function waysToRead(name: string, { store, context }: Guarded, flags: readonly string[] = ONCE): readonly (readonly string[])[] {
  const build = (file: string, text: string, ...more: readonly string[]): readonly string[] => {
    writeFileSync(join(context, file), text);
    return ['bud', ...flags, '-f', join(context, file), ...more, context];
  };
  return [
    ['pull', ...flags, `docker://${name}`],
    ['pull', ...flags, '--all-tags', `docker://${name.replace(/[:@][^/]*$/, '')}`],
    ['from', ...flags, name],
    [
      'image',
      'copy',
      ...flags.map((flag) => flag.replace('--tls', '--src-tls')),
      `docker://${name}`,
      `dir:${join(store.directory, 'copy')}`,
    ],
    ['image', 'inspect', ...flags, `docker://${name}`],
    ['manifest', 'add', ...flags, 'list', `docker://${name}`],
    build('From', `FROM ${name}\n`),
    build('CopyFrom', `FROM scratch\nCOPY --from=${name} /file /\n`),
    build('Named', 'FROM named\n', '--build-context', `named=docker-image://${name}`),
  ];
}

const attemptsOf = (ways: readonly (readonly string[])[], says: RegExp, env: Readonly<Record<string, string>> = {}): readonly Attempt[] =>
  ways.map((args) => ({ title: args.join(' '), args, says, run: { env } }));

async function withList(body: (place: Guarded) => Promise<void>): Promise<void> {
  await withGuarded(async (place) => {
    writeFileSync(join(place.context, 'Containerfile'), 'FROM scratch\nCOPY Containerfile /\n');
    await place.store.ok(['bud', '-q', '-t', 'app', '--manifest', 'list', place.context]);
    await body(place);
  });
}

function settingsFile({ store }: Guarded, name: string, text: string): string {
  const path = join(store.directory, name);
  writeFileSync(path, text);
  return path;
}

suite('security/hostile-settings', (test) => {
  test('a blocked registry is asked for nothing, however its name is written', () =>
    withSite({}, (site) =>
      withList(async (place) => {
        site.addImage('lib/app', GOOD);
        const port = site.host.split(':')[1];
        const rules = [`${site.host}/lib`, `LocalHost:${port}/lib`, 'blocked.test/lib', '*.blocked.test'];
        const text = rules.map((prefix) => `[[registry]]\nprefix = "${prefix}"\nblocked = true\n`).join('');
        const env = { CONTAINERS_REGISTRIES_CONF: settingsFile(place, 'registries.conf', text) };
        const names = [
          `localhost:${port}/lib/app`,
          `LOCALHOST:${port}/lib/app:latest`,
          'blocked.test:443/lib/app',
          'BLOCKED.test:443/lib/app',
          'a.blocked.test:443/x',
          `${site.host}/lib/app@${digestOf(GOOD.manifest)}`,
        ];
        const cache = ['bud', ...ONCE, '--cache-to', `type=registry,ref=${site.host}/lib/cache`, place.context];
        await allRefused(place, [
          ...attemptsOf(waysToRead(`${site.host}/lib/app`, place), /registry .* is blocked there/, env),
          ...attemptsOf([['push', ...ONCE, 'app', `docker://${site.host}/lib/app`]], /is blocked there/, env),
          ...attemptsOf(
            [['image', 'copy', '--dest-tls-verify=false', 'containers-storage:app', `docker://${site.host}/lib/app`]],
            /is blocked there/,
            env,
          ),
          ...attemptsOf(
            names.map((name) => ['pull', ...ONCE, `docker://${name}`]),
            /is blocked there/,
            env,
          ),
          ...attemptsOf([['pull', ...ONCE, `docker://localhost:0${port}/lib/app`]], /is not a host name with an optional port/, env),
        ]);
        assert.match((await place.store.tsbuild(cache, { env })).stderr, /is blocked there/);
        assert.equal(site.seen('/'), []);
      }),
    ));

  test('what is insecure by a rule is that alone: no other repository, no mirror, and nobody without a rule', () =>
    withSite({}, (site) =>
      withGuarded(async (place) => {
        for (const name of ['open/app', 'closed/app', 'mirror/app']) site.addImage(name, GOOD);
        const mirror = `[[registry]]\nprefix = "elsewhere.invalid"\ninsecure = true\n[[registry.mirror]]\nlocation = "${site.host}/mirror"\n`;
        const text = `[[registry]]\nprefix = "${site.host}/open"\ninsecure = true\n${mirror}`;
        const env = { CONTAINERS_REGISTRIES_CONF: settingsFile(place, 'registries.conf', text) };
        const pulls = [`docker://${site.host}/closed/app`, 'docker://elsewhere.invalid/app'].map((name) => ['pull', '--retry', '0', name]);
        await allRefused(place, attemptsOf(pulls, /does not speak TLS as expected|no host of that name|could not be looked up/, env));
        assert.equal(site.seen('/'), []);
        await place.store.ok(['pull', '--retry', '0', `docker://${site.host}/open/app`], { env });
      }),
    ));

  test('a mirror has a say over tags, if it is let, and none over digests', () =>
    withSites([{}, {}], (home, mirror) =>
      withGuarded(async (place) => {
        const pinned = `/v2/lib/app/manifests/${digestOf(GOOD.manifest)}`;
        const evil = answers(200, EVIL.manifest, { 'content-type': MANIFEST_TYPE });
        mirror!.addImage('lib/app', EVIL);
        mirror!.on(pinned, evil);
        const conf = (more = '') => {
          const text = `[[registry]]\nprefix = "here.test"\nlocation = "${home!.host}"\ninsecure = true\n${more}[[registry.mirror]]\nlocation = "${mirror!.host}"\ninsecure = true\n`;
          return { CONTAINERS_REGISTRIES_CONF: settingsFile(place, `registries-${more.length}.conf`, text) };
        };
        const digest = `docker://here.test/lib/app@${digestOf(GOOD.manifest)}`;
        const refusal = new RegExp(`expected ${digestOf(GOOD.manifest)}, got ${digestOf(EVIL.manifest)}|the registry has no such image`);
        await allRefused(place, attemptsOf([['pull', '--retry', '0', digest]], refusal, conf()));
        assert.is(mirror!.seen(pinned).length, 1);

        home!.addImage('lib/app', GOOD);
        await place.store.ok(['pull', '--retry', '0', digest], { env: conf() });
        await assertHolds(place, digestOf(GOOD.manifest));

        const before = mirror!.requests.length;
        await place.store.ok(['pull', '--policy', 'always', '--retry', '0', 'docker://here.test/lib/app:latest'], {
          env: conf('mirror-by-digest-only = true\n'),
        });
        assert.is(mirror!.requests.length, before, 'it was asked for a tag');
        await assertHolds(place, digestOf(GOOD.manifest));
      }),
    ));

  test('a policy.json that is no policy lets nothing in', () =>
    withSite({}, (site) =>
      withList(async (place) => {
        const name = site.addImage('lib/app', GOOD);
        site.on('/v2/lib/app/tags/list', answers(200, '{"tags":["latest"]}'));
        const accept = '[{"type":"insecureAcceptAnything"}]';
        const policies: readonly (readonly [text: string, says: RegExp])[] = [
          ['', /the signature policy is not JSON/],
          ['null', /the policy is not a JSON object/],
          ['{}', /"default" is missing/],
          ['{"default":[]}', /"default" is not a list of one requirement/],
          ['{"default":null}', /"default" is not a list/],
          ['{"default":[null]}', /a requirement of "default" is not a JSON object/],
          ['{"default":[{"type":"insecureacceptanything"}]}', /unknown type "insecureacceptanything"/],
          ['{"default":[{"type":"insecureAcceptAnything","keyPath":"/key"}]}', /has the unknown member "keyPath"/],
          [`{"default":[{"type":"reject"}],"default":${accept}}`, /the key "default" occurs twice/],
          [`{"default":${accept},"transport":{"docker":{"":[{"type":"reject"}]}}}`, /has the unknown member "transport"/],
          [`{"default":${accept},"transports":{"docker":{"${site.host}":null}}}`, /is not a list of one requirement/],
          [`{"default":${accept},"transports":{"docker":null}}`, /"transports\.docker" is not a JSON object/],
        ];
        const attempts = policies.map(([text, says], at): Attempt => {
          const file = settingsFile(place, `policy-${at}.json`, text);
          return { title: text, args: ['pull', ...ONCE, '--signature-policy', file, `docker://${name}`], says };
        });
        const broken = policyHome(place, 'broken', '{"default":[{"type":"trustMe"}]}');
        await allRefused(place, [
          ...attempts,
          ...attemptsOf(
            [['pull', ...ONCE, '--signature-policy', '/no/such/file', `docker://${name}`]],
            /the signature policy cannot be read/,
          ),
          ...attemptsOf([...waysToRead(name, place), ...(await waysToOpen(place))], /unknown type "trustMe"/, broken),
        ]);
        // Which tags there are is no image.
        assert.equal(
          site.seen('/v2/lib/').filter((line) => line !== 'GET /v2/lib/app/tags/list'),
          [],
        );
      }),
    ));

  test('what policy.json rejects comes in by no command and under no name', () =>
    withSite({}, (site) =>
      withList(async (place) => {
        const name = site.addImage('lib/app', GOOD);
        site.on('/v2/lib/app/tags/list', answers(200, '{"tags":["latest"]}'));
        const port = site.host.split(':')[1];
        const accept = '[{"type":"insecureAcceptAnything"}]';
        const scopes = [`${site.host}/lib`, `LocalHost:${port}`, 'rejected.test/lib'].map((scope) => `"${scope}":[{"type":"reject"}]`);
        const some = policyHome(place, 'some', `{"default":${accept},"transports":{"docker":{${scopes.join(',')}}}}`);
        const names = [`localhost:${port}/lib/app`, `LOCALHOST:${port}/lib/app`, 'rejected.test:443/lib/app', 'REJECTED.test/lib/app'];
        await allRefused(place, [
          ...attemptsOf(
            [...waysToRead(name, place), ...names.map((one) => ['pull', ...ONCE, `docker://${one}`])],
            /policy .*rejects|rejected by/,
            some,
          ),
          ...attemptsOf(
            await waysToOpen(place),
            /policy .*rejects|rejected by/,
            policyHome(place, 'all', '{"default":[{"type":"reject"}]}'),
          ),
        ]);
        // Which tags there are is no image.
        assert.equal(
          site.seen('/v2/lib/').filter((line) => line !== 'GET /v2/lib/app/tags/list'),
          [],
        );
      }),
    ));
});

/** The environment of a user whose own policy.json this is. */
function policyHome(place: Guarded, name: string, text: string): Readonly<Record<string, string>> {
  const directory = join(place.store.directory, name);
  mkdirSync(join(directory, 'containers'), { recursive: true });
  writeFileSync(join(directory, 'containers/policy.json'), text);
  return { XDG_CONFIG_HOME: directory };
}

/** Every command that takes an image from a file or a folder. */
async function waysToOpen({ store, context }: Guarded): Promise<readonly (readonly string[])[]> {
  const at = (name: string) => join(store.directory, name);
  if (!(await store.ok(['images', '-q', 'app'])).stdout) throw new Error('there is no image to make files of');
  mkdirSync(at('layout'), { recursive: true });
  writeLayout(at('layout'), GOOD);
  await runOk(['tar', '-C', at('layout'), '-cf', at('oci.tar'), '.']);
  await store.ok(['push', 'app', `docker-archive:${at('docker.tar')}`]);
  await store.ok(['push', 'app', `dir:${at('folder')}`]);
  writeFileSync(join(context, 'FromLayout'), 'FROM named\n');
  return [
    ['pull', `oci:${at('layout')}`],
    ['pull', `oci-archive:${at('oci.tar')}`],
    ['pull', `docker-archive:${at('docker.tar')}`],
    ['pull', `dir:${at('folder')}`],
    ['load', '-i', at('docker.tar')],
    ['load', '-i', at('oci.tar')],
    ['from', `oci:${at('layout')}`],
    ['image', 'copy', `oci:${at('layout')}`, `dir:${at('copied')}`],
    ['bud', '-f', join(context, 'FromLayout'), '--build-context', `named=oci-layout://${at('layout')}`, context],
  ];
}

async function assertHolds({ store }: Guarded, digest: string): Promise<void> {
  const { stdout } = await store.ok(['images', '--digests']);
  assert.ok(stdout.includes(digest), stdout);
  assert.not.ok(stdout.includes(digestOf(EVIL.manifest)), stdout);
}
