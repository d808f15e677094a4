import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { demand } from '../../support/docker-registry.js';
import { type GpgHome, withGpgHome } from '../../support/gpg-home.js';
import { type TestRegistry, withRegistry } from '../../support/registry.js';
import { suite } from '../../support/suite.js';
import { type Run, runOk, type TestStore, withTestStore } from '../../support/tsbuild.js';

const OPEN = '--tls-verify=false';

/** An image `app`, a registry, a key, and a configuration that keeps signatures in `lookaside`. */
class Scene {
  readonly lookaside: string;
  readonly registriesDir: string;
  readonly env: Readonly<Record<string, string>>;

  constructor(
    readonly store: TestStore,
    readonly registry: TestRegistry,
    readonly gpg: GpgHome,
    readonly key: string,
  ) {
    this.lookaside = join(store.directory, 'signatures');
    const configHome = join(store.directory, 'config');
    this.registriesDir = join(configHome, 'containers/registries.d');
    mkdirSync(this.registriesDir, { recursive: true });
    this.env = { ...gpg.env, XDG_CONFIG_HOME: configHome };
    this.configure(`docker:\n  ${registry.host}/team:\n    lookaside: file://${this.lookaside}\n`);
  }

  configure(yaml: string): void {
    writeFileSync(join(this.registriesDir, 'test.yaml'), yaml);
  }

  name(rest: string): string {
    return `docker://${this.registry.host}/team/${rest}`;
  }

  ok(...args: readonly string[]): Promise<Run> {
    return this.store.ok(args, { env: this.env });
  }

  async refuse(args: readonly string[], pattern: RegExp, env: Readonly<Record<string, string>> = {}): Promise<void> {
    const { status, stderr } = await this.store.tsbuild(args, { env: { ...this.env, ...env } });
    assert.is(status, 125, `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, pattern);
  }

  async skopeo(...args: readonly string[]): Promise<string> {
    demand('skopeo');
    return (await runOk(['skopeo', '--registries.d', this.registriesDir, ...args], { env: this.env })).stdout;
  }

  /** A policy.json that lets in nothing but what `requirement` allows. */
  policy(requirement: object, transport = 'docker'): string {
    const file = join(this.store.directory, 'policy.json');
    const entries = { [transport]: { '': [{ type: 'signedBy', keyType: 'GPGKeys', ...requirement }] } };
    writeFileSync(file, JSON.stringify({ default: [{ type: 'reject' }], transports: entries }));
    return file;
  }

  /** The signatures there are, by the folder of their image below `team`. */
  signatures(): readonly (readonly [folder: string, names: readonly string[]])[] {
    const top = join(this.lookaside, 'team');
    return readdirSync(top)
      .sort()
      .map((folder) => [folder, readdirSync(join(top, folder)).sort()]);
  }

  /** The digest of what `name` stands for at the registry, and the file of its first signature. */
  async signed(name: string): Promise<{ readonly digest: string; readonly file: string }> {
    const { stdout } = await this.ok('image', 'inspect', '--raw', OPEN, this.name(name));
    const hex = createHash('sha256').update(stdout).digest('hex');
    const repository = name.replace(/:.*$/, '');
    return { digest: `sha256:${hex}`, file: join(this.lookaside, 'team', `${repository}@sha256=${hex}`, 'signature-1') };
  }
}

function withScene(body: (scene: Scene) => Promise<void>): Promise<void> {
  return withGpgHome(async (gpg) => {
    const key = await gpg.makeKey('signer@example.com');
    await withRegistry({}, (registry) =>
      withTestStore(async (store) => {
        writeFileSync(join(store.directory, 'Containerfile'), 'FROM scratch\nCOPY Containerfile /\n');
        await store.ok(['bud', '-q', '-t', 'app', store.directory]);
        await body(new Scene(store, registry, gpg, key));
      }),
    );
  });
}

suite('signing', (test) => {
  test('push --sign-by leaves a signature that skopeo accepts, with the members of its own', () =>
    withScene(async (scene) => {
      await scene.ok('push', OPEN, '--sign-by', scene.key, 'app', scene.name('app:1'));
      const { digest, file } = await scene.signed('app:1');
      assert.equal(scene.signatures(), [[`app@${digest.replace(':', '=')}`, ['signature-1']]]);
      const ours = JSON.parse(await scene.gpg.gpg(['--decrypt', file]));
      assert.equal(ours.critical, {
        identity: { 'docker-reference': `${scene.registry.host}/team/app:1` },
        image: { 'docker-manifest-digest': digest },
        type: 'atomic container signature',
      });

      demand('skopeo');
      const manifest = join(scene.store.directory, 'manifest.json');
      writeFileSync(manifest, (await scene.ok('image', 'inspect', '--raw', OPEN, scene.name('app:1'))).stdout);
      const reference = `${scene.registry.host}/team/app:1`;
      assert.match(await scene.skopeo('standalone-verify', manifest, reference, scene.key, file), `digest ${digest}`);
      const policy = scene.policy({ keyPath: await scene.gpg.publicKey('signer@example.com') });
      const target = join(scene.store.directory, 'copied');
      await scene.skopeo('--policy', policy, 'copy', '-q', '--src-tls-verify=false', scene.name('app:1'), `dir:${target}`);

      const theirs = join(scene.store.directory, 'theirs');
      await scene.skopeo('standalone-sign', manifest, reference, scene.key, '--output', theirs);
      const claim = JSON.parse(await scene.gpg.gpg(['--decrypt', theirs]));
      assert.equal(ours.critical, claim.critical);
      assert.equal(Object.keys(ours.optional), Object.keys(claim.optional));
      assert.equal(Object.keys(ours), Object.keys(claim));
      const packets = (path: string): Promise<string> => scene.gpg.gpg(['--list-packets', path]);
      assert.is(kindsOf(await packets(file)), kindsOf(await packets(theirs)));
    }));

  test('a signature by skopeo lets an image in by pull, from and bud; another key, image, name or a changed byte does not', () =>
    withScene(async (scene) => {
      demand('skopeo');
      for (const name of ['app:1', 'other:1']) await scene.ok('push', OPEN, 'app', scene.name(name));
      const twice = ['--src-tls-verify=false', '--dest-tls-verify=false'];
      await scene.skopeo('--insecure-policy', 'copy', '-q', ...twice, '--sign-by', scene.key, scene.name('app:1'), scene.name('app:1'));
      const trusted = await scene.gpg.publicKey('signer@example.com');
      const bring = async (policy: string): Promise<Run> =>
        scene.store.tsbuild(['pull', '--policy=always', OPEN, '--signature-policy', policy, scene.name('app:1')], { env: scene.env });
      assert.is((await bring(scene.policy({ keyPath: trusted }))).status, 0);
      assert.is((await bring(scene.policy({ keyData: readFileSync(trusted).toString('base64') }))).status, 0);
      await scene.gpg.makeKey('stranger@example.com');
      const strange = await scene.gpg.publicKey('stranger@example.com');
      assert.is((await bring(scene.policy({ keyPaths: [strange, trusted] }))).status, 0);
      for (const [identity, status] of [
        [{ type: 'exactReference', dockerReference: `${scene.registry.host}/team/app:2` }, 125],
        [{ type: 'exactRepository', dockerRepository: `${scene.registry.host}/team/app` }, 0],
        [{ type: 'remapIdentity', prefix: `${scene.registry.host}/team`, signedPrefix: 'example.com' }, 125],
      ] as const)
        assert.is((await bring(scene.policy({ keyPath: trusted, signedIdentity: identity }))).status, status, JSON.stringify(identity));

      const policy = scene.policy({ keyPath: trusted });
      await scene.ok('from', OPEN, '--signature-policy', policy, '--pull-always', scene.name('app:1'));
      const containerfile = join(scene.store.directory, 'child/Containerfile');
      mkdirSync(join(scene.store.directory, 'child'));
      writeFileSync(containerfile, `FROM ${scene.name('app:1').slice('docker://'.length)}\nLABEL a=b\n`);
      const build = ['bud', '-q', OPEN, '--signature-policy', policy, '--pull=always', join(scene.store.directory, 'child')];
      await scene.ok(...build);
      await scene.refuse(
        ['pull', '--policy=always', OPEN, '--signature-policy', policy, scene.name('other:1')],
        /requires a signature of .*there is no signature at file:/,
      );
      const byAnother = scene.policy({ keyPath: strange });
      await scene.refuse(
        ['pull', '--policy=always', OPEN, '--signature-policy', byAnother, scene.name('app:1')],
        /signature 1 is not of a key that the policy trusts/,
      );

      scene.policy({ keyPath: trusted });
      const { file, digest } = await scene.signed('app:1');
      const good = readFileSync(file);
      const wrong: readonly (readonly [RegExp, Uint8Array])[] = [
        [/is not of a key that the policy trusts/, good.map((byte, at) => (at === good.length - 9 ? byte ^ 1 : byte))],
        [/is not of a key that the policy trusts/, good.subarray(0, 40)],
        [/is not of a key that the policy trusts/, Buffer.from('no message')],
        [/is none of an image/, Buffer.concat([await signText(scene, 'hello'), good])],
        [/is not of a key that the policy trusts/, Buffer.concat([await storeText(scene, claimFor('example.com/a:1', digest)), good])],
        [/is for another image, sha256:0{64}/, await signText(scene, claimFor(scene.name('app:1').slice(9), `sha256:${'0'.repeat(64)}`))],
        [/is for the image "example.com\/evil:1"/, await signText(scene, claimFor('example.com/evil:1', digest))],
      ];
      for (const [pattern, bytes] of wrong) {
        writeFileSync(file, bytes);
        await scene.refuse(['pull', '--policy=always', OPEN, '--signature-policy', policy, scene.name('app:1')], pattern);
      }
      await scene.refuse(build, /is for the image/);
      // A good one after bad ones counts.
      writeFileSync(file.replace(/1$/, '2'), good);
      await scene.ok('pull', '--policy=always', OPEN, '--signature-policy', policy, scene.name('app:1'));
    }));

  test('of a list the list is signed and each image; either lets an image in, and the list alone is not enough without its own', () =>
    withScene(async (scene) => {
      await scene.ok('manifest', 'create', 'list', 'app');
      await scene.ok('manifest', 'push', OPEN, '--all', '--sign-by', scene.key, 'list', scene.name('list:1'));
      const { digest, file } = await scene.signed('list:1');
      assert.is(scene.signatures().length, 2);
      const policy = scene.policy({ keyPath: await scene.gpg.publicKey('signer@example.com') });
      const bring = ['pull', '--policy=always', OPEN, '--signature-policy', policy, scene.name('list:1')];
      const alone = ['manifest', 'inspect', OPEN, '--signature-policy', policy, scene.name('list:1')];
      const [image = ''] = scene.signatures().find(([folder]) => folder !== `list@${digest.replace(':', '=')}`) ?? [];
      await scene.ok(...bring);
      await scene.ok(...alone);
      const kept = readFileSync(file);
      rmSync(file);
      await scene.ok(...bring);
      await scene.refuse(alone, /there is no signature/);
      writeFileSync(file, kept);
      rmSync(join(scene.lookaside, 'team', image, 'signature-1'));
      await scene.ok(...bring);
      rmSync(file);
      await scene.refuse(bring, /there is no signature/);
      const places = ['--src-tls-verify=false', '--signature-policy', policy, '--multi-arch', 'index-only'];
      await scene.refuse(['image', 'copy', ...places, scene.name('list:1'), `oci:${scene.store.directory}/out`], /there is no signature/);
    }));

  test('image copy signs under another name, with a passphrase from a file, into dir:, from where it is let in', () =>
    withScene(async (scene) => {
      const locked = await scene.gpg.makeKey('locked@example.com', 'open sesame');
      const passphrase = join(scene.store.directory, 'passphrase');
      writeFileSync(passphrase, 'open sesame\nanother line\n');
      const target = join(scene.store.directory, 'dir');
      const signed = ['--sign-by', locked, '--sign-passphrase-file', passphrase, '--sign-identity', 'example.com/team/app:1'];
      await scene.ok('image', 'copy', ...signed, 'containers-storage:app', `dir:${target}`);
      const claim = JSON.parse(await scene.gpg.gpg(['--decrypt', join(target, 'signature-1')]));
      assert.is(claim.critical.identity['docker-reference'], 'example.com/team/app:1');
      const key = { keyPath: await scene.gpg.publicKey('locked@example.com') };
      const fixed = { ...key, signedIdentity: { type: 'exactRepository', dockerRepository: 'example.com/team/app' } };
      await scene.ok('pull', '--signature-policy', scene.policy(fixed, 'dir'), `dir:${target}`);
      // A directory has no name of its own.
      await scene.refuse(['pull', '--signature-policy', scene.policy(key, 'dir'), `dir:${target}`], /is for the image "example.com/);
      await scene.ok('image', 'copy', 'containers-storage:app', `oci:${target}-oci:a`);
      await scene.refuse(
        ['pull', '--signature-policy', scene.policy(fixed, 'oci'), `oci:${target}-oci:a`],
        /there is no signature at oci:/,
      );
      await scene.refuse(
        ['image', 'copy', '--sign-by', locked, '--sign-identity', 'app', 'containers-storage:app', `dir:${target}`],
        /canonical/,
      );
    }));

  test('a signature of another stays beside a new one; the same key signs the same name once', () =>
    withScene(async (scene) => {
      const second = await scene.gpg.makeKey('second@example.com');
      for (const key of [scene.key, second, scene.key]) await scene.ok('push', OPEN, '--sign-by', key, 'app', scene.name('app:1'));
      const [[folder, names] = ['', []]] = scene.signatures();
      assert.equal(names, ['signature-1', 'signature-2']);
      for (const [name, mail] of [
        ['signature-1', 'second@example.com'],
        ['signature-2', 'signer@example.com'],
      ]) {
        const policy = scene.policy({ keyPath: await scene.gpg.publicKey(mail ?? '') });
        await scene.ok('pull', '--policy=always', OPEN, '--signature-policy', policy, scene.name('app:1'));
        assert.ok(existsSync(join(scene.lookaside, 'team', folder, name ?? '')));
      }
    }));

  test('signatures are read from a web server', () =>
    withScene(async (scene) => {
      await scene.ok('push', OPEN, '--sign-by', scene.key, 'app', scene.name('app:1'));
      const { createServer } = await import('node:http');
      const server = createServer((request, response) => {
        const file = join(scene.lookaside, decodeURIComponent(request.url ?? ''));
        if (!existsSync(file)) response.writeHead(404).end();
        else response.end(readFileSync(file));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      try {
        const { port } = server.address() as { port: number };
        scene.configure(`default-docker:\n  lookaside: http://127.0.0.1:${port}\n`);
        const policy = scene.policy({ keyPath: await scene.gpg.publicKey('signer@example.com') });
        await scene.ok('pull', '--policy=always', OPEN, '--signature-policy', policy, scene.name('app:1'));
        await scene.ok('push', OPEN, 'app', scene.name('app:2'));
        await scene.refuse(
          ['pull', '--policy=always', OPEN, '--signature-policy', policy, scene.name('app:2')],
          /is for the image ".*app:1"/,
        );
        await scene.refuse(
          ['push', OPEN, '--sign-by', scene.key, 'app', scene.name('app:3')],
          /only read from web servers[\s\S]*lookaside-staging/,
        );
      } finally {
        server.close();
      }
    }));

  test('what stands in the way of a signature is said before anything is sent', () =>
    withScene(async (scene) => {
      const before = scene.registry.requests.length;
      const push = (key: string): string[] => ['push', OPEN, '--sign-by', key, 'app', scene.name('app:1')];
      await scene.refuse(push('nobody@example.com'), /Cannot sign with the key "nobody@example.com": .*No secret key/);
      const bin = join(scene.store.directory, 'bin');
      mkdirSync(bin);
      await runOk(['ln', '-s', process.execPath, join(bin, 'node')]);
      await scene.refuse(push(scene.key), /no program gpg in PATH[\s\S]*apt-get install gnupg/, { PATH: bin });
      writeFileSync(join(scene.store.directory, 'file'), '');
      scene.configure(`default-docker:\n  lookaside-staging: file://${scene.store.directory}/file/below\n`);
      await scene.refuse(push(scene.key), /Cannot keep signatures at .*file\/below[\s\S]*registries\.d\/test\.yaml/);
      scene.configure('docker: [\n');
      await scene.refuse(push(scene.key), /registries\.d\/test\.yaml:\d/);
      assert.is(scene.registry.requests.length, before);
      const elsewhere = ['push', '--sign-by', scene.key, 'app'];
      await scene.refuse(
        [...elsewhere, `dir:${scene.store.directory}/d`],
        /Cannot determine canonical Docker reference for destination dir:/,
      );
      await scene.refuse([...elsewhere, `oci:${scene.store.directory}/o`], /signatures are kept beside registries and in dir: only/);
    }));

  test('without gpg, or without the key, an image that must be signed is not let in', () =>
    withScene(async (scene) => {
      await scene.ok('push', OPEN, '--sign-by', scene.key, 'app', scene.name('app:1'));
      const policy = scene.policy({ keyPath: join(scene.store.directory, 'missing.asc') });
      const pull = ['pull', '--policy=always', OPEN, '--signature-policy', policy, scene.name('app:1')];
      await scene.refuse(pull, /Cannot read the public keys .*missing.asc: there is no such file/);
      writeFileSync(join(scene.store.directory, 'missing.asc'), 'no key');
      await scene.refuse(pull, /Cannot read the public keys .*missing.asc/);
    }));
});

/** The kinds of the packets a message is made of, in their order. */
function kindsOf(packets: string): string {
  return [...packets.matchAll(/^:(.*? packet)/gm)].map(([, kind]) => kind).join();
}

function signText(scene: Scene, text: string): Promise<Uint8Array> {
  return makeMessage(scene, text, ['--local-user', scene.key, '--sign']);
}

/** A message that nobody signed. */
function storeText(scene: Scene, text: string): Promise<Uint8Array> {
  return makeMessage(scene, text, ['--store']);
}

async function makeMessage(scene: Scene, text: string, how: readonly string[]): Promise<Uint8Array> {
  const file = join(scene.store.directory, 'message');
  rmSync(file, { force: true });
  await scene.gpg.gpg(['--output', file, ...how], text);
  return readFileSync(file);
}

function claimFor(reference: string, digest: string): string {
  const critical = {
    identity: { 'docker-reference': reference },
    image: { 'docker-manifest-digest': digest },
    type: 'atomic container signature',
  };
  return JSON.stringify({ critical, optional: {} });
}
