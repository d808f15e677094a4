import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { type Attempt, allRefused } from '../../support/hostile/refused.js';
import { withSite } from '../../support/hostile/site.js';
import { digestOf, imageOf, writeLayout } from '../../support/hostile-image.js';
import { suite } from '../../support/suite.js';
import { tarOf } from '../../support/tar-of.js';
import { runOk } from '../../support/tsbuild.js';
import { type Guarded, withGuarded } from '../../support/unchanged.js';

// An image may say of any blob that it is the layer of somebody else's diff id. By whichever way it comes, other images are not built with it.

const HONEST = tarOf([{ name: 'file', data: 'honest' }]);
const EVIL = gzipSync(tarOf([{ name: 'file', data: 'evil' }]));
/** What a layer without entries is: 1024 zero bytes. */
const NOTHING = Buffer.alloc(1024);

/** The forged image in every form that a file or directory can have, and each command that brings it here. */
async function waysIn({ store, context }: Guarded, layer: Buffer): Promise<readonly Attempt[]> {
  const says = new RegExp(`expected ${digestOf(layer)}, got`);
  const forged = imageOf([EVIL], { diffIds: [digestOf(layer)], firstLayer: { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip' } });
  const [layout, directory] = [join(store.directory, 'forged'), join(store.directory, 'forged-dir')];
  for (const one of [layout, directory]) mkdirSync(one);
  writeLayout(layout, forged);
  await runOk(['tar', '-C', layout, '-cf', `${layout}.tar`, '.']);
  writeFileSync(join(directory, 'version'), 'Directory Transport Version: 1.1\n');
  writeFileSync(join(directory, 'manifest.json'), forged.manifest);
  for (const blob of forged.blobs) writeFileSync(join(directory, digestOf(blob).slice(7)), blob);
  writeFileSync(join(context, 'Forged'), `FROM oci:${layout}\nENV a=b\n`);
  return [
    ['pull', `oci:${layout}`],
    ['pull', `dir:${directory}`],
    ['pull', `oci-archive:${layout}.tar`],
    ['load', '-i', `${layout}.tar`],
    ['from', `oci:${layout}`],
    ['bud', '-q', '-f', join(context, 'Forged'), context],
  ].map((args) => ({ title: args.join(' '), args, says }));
}

/** Builds, and holds each layer of the image to its diff id, as those do who pull it. */
async function assertBuilds({ store, context }: Guarded, name: string, lines: readonly string[]): Promise<void> {
  writeFileSync(join(context, name), `${lines.join('\n')}\n`);
  await store.ok(['bud', '-q', '--tls-verify=false', '--retry', '0', '-f', join(context, name), '-t', name, context]);
  const layout = join(store.directory, `layout-${name}`);
  await store.ok(['push', '-q', name, `oci:${layout}:x`]);
  const blob = (digest: string): Buffer => readFileSync(join(layout, 'blobs/sha256', digest.replace('sha256:', '')));
  const json = (bytes: Buffer) => JSON.parse(bytes.toString());
  const manifest = json(blob(json(readFileSync(join(layout, 'index.json'))).manifests[0].digest));
  const found = manifest.layers.map(({ mediaType, digest }: { mediaType: string; digest: string }) => {
    const [, program] = /\+(gzip|zstd)$/.exec(mediaType) ?? [];
    return digestOf(program === undefined ? blob(digest) : execFileSync(program, ['-dc'], { input: blob(digest) }));
  });
  assert.ok(found.length > 0);
  assert.equal(found, json(blob(manifest.config.digest)).rootfs.diff_ids);
}

suite('security/forged-layers', (test) => {
  for (const isPulled of [true, false])
    test(`a blob is not taken for the layer an image says it is, and the image that has it is built on: ${isPulled ? 'pulled' : 'elsewhere'}`, () =>
      withSite({}, (site) =>
        withGuarded(async (place) => {
          const { store, context } = place;
          const honest = site.addImage('lib/honest', imageOf([HONEST]));
          const attempts = await waysIn(place, HONEST);
          await allRefused(place, attempts);
          if (isPulled) {
            await store.ok(['pull', '-q', '--tls-verify=false', '--retry', '0', `docker://${honest}`]);
            await allRefused(place, attempts);
          }
          await assertBuilds(place, 'unread', [`FROM ${honest}`, 'ENV a=b']);
          await assertBuilds(place, 'read', [`FROM ${honest}`, 'COPY unread /']);
          const out = join(store.directory, 'out.tar');
          await store.ok(['bud', '-q', '--tls-verify=false', '-f', join(context, 'read'), '-o', `type=tar,dest=${out}`, context]);
          assert.is((await runOk(['tar', '-xOf', out, 'file'])).stdout, 'honest');
        }),
      ));

  test('nor for the layer of nothing', () =>
    withGuarded(async (place) => {
      await allRefused(place, await waysIn(place, NOTHING));
      await assertBuilds(place, 'app', ['FROM scratch', 'WORKDIR /', 'COPY app /', 'ENV a=b']);
    }));
});
