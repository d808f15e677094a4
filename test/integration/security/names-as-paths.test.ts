import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type Attempt, allRefused } from '../../support/hostile/refused.js';
import { answers, withSite } from '../../support/hostile/site.js';
import { digestOf, imageOf, MANIFEST_TYPE, writeLayout } from '../../support/hostile-image.js';
import { suite } from '../../support/suite.js';
import { tarOf } from '../../support/tar-of.js';
import { runOk } from '../../support/tsbuild.js';
import { ESCAPED, withGuarded } from '../../support/unchanged.js';

// Names that would be paths, options or lines of a shell if somebody used them as such.

const LAYER = tarOf([{ name: 'file', data: 'x' }]);
const IMAGE = imageOf([LAYER]);
const EVIL_NAMES = [
  `../../${ESCAPED}`,
  `/tmp/${ESCAPED}`,
  `a/../../../${ESCAPED}`,
  `$(touch /tmp/${ESCAPED})`,
  `;touch /tmp/${ESCAPED}`,
  '--help',
  'a\nb',
  '..',
  '',
];

suite('security/names-as-paths', (test) => {
  test('names that are paths, options or commands are refused wherever a command takes one', () =>
    withGuarded(async (place) => {
      const { store, context } = place;
      writeFileSync(join(context, 'Containerfile'), 'FROM scratch\nCOPY Containerfile /\n');
      await store.ok(['bud', '-q', '-t', 'app', context]);
      const says = /[Ii]nvalid (image name|reference|container name|name)|unknown flag|image not known|names? .*(empty|may|must)|is not/;
      const attempts = [`../../${ESCAPED}`, `$(touch /tmp/${ESCAPED})`, `a/../../${ESCAPED}`].flatMap((name): Attempt[] =>
        [
          ['tag', 'app', name],
          ['bud', '-q', '-t', name, context],
          ['manifest', 'create', name],
          ['pull', '--retry', '0', `docker://127.0.0.1:1/${name}`],
          ['push', '--retry', '0', 'app', `docker://127.0.0.1:1/x:${name}`],
        ].map((args) => ({ title: args.join(' '), args, says })),
      );
      await allRefused(place, attempts);
      // Any text is a name of a working container, and no more than that.
      for (const name of [`../../${ESCAPED}`, `$(touch /tmp/${ESCAPED})`]) {
        await store.ok(['from', '--name', name, 'app']);
        await store.ok(['copy', name, join(context, 'Containerfile'), '/']);
        await store.ok(['commit', '-q', name, 'committed']);
        await store.ok(['rm', name]);
      }
    }));

  test('names in layouts and archives lead nowhere, and the image is to be had without them', () =>
    withGuarded(async (place) => {
      const { store } = place;
      const layout = join(store.directory, 'layout');
      mkdirSync(layout);
      writeLayout(layout, IMAGE);
      const entries = EVIL_NAMES.map((name) => ({
        mediaType: MANIFEST_TYPE,
        digest: digestOf(IMAGE.manifest),
        size: IMAGE.manifest.length,
        annotations: { 'org.opencontainers.image.ref.name': name, 'io.containerd.image.name': name },
      }));
      writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: entries }));
      await runOk(['tar', '-C', layout, '-cf', `${layout}.tar`, '.']);
      const docker = join(store.directory, 'docker.tar');
      const manifest = [{ Config: 'config.json', RepoTags: EVIL_NAMES, Layers: ['layer.tar'] }];
      writeFileSync(
        docker,
        tarOf([
          { name: 'config.json', data: IMAGE.blobs[0]! },
          { name: 'layer.tar', data: IMAGE.blobs[1]! },
          { name: 'manifest.json', data: JSON.stringify(manifest) },
        ]),
      );
      for (const args of [
        ['load', '-i', `${layout}.tar`],
        ['load', '-i', docker],
        ['pull', `oci:${layout}:../../${ESCAPED}`],
        ['pull', `docker-archive:${docker}`],
        ['image', 'copy', `oci:${layout}:../../${ESCAPED}`, `oci:${join(store.directory, 'copied')}:../../${ESCAPED}`],
      ]) {
        const { status, stderr } = await store.tsbuild(args);
        assert.ok(status === 0 || status === 125, `${args.join(' ')}: ${status}`);
        assert.not.match(stderr, /internal error|\n {4}at /);
      }
      const { stdout } = await store.ok(['images', '--all', '--format', '{{.Name}}:{{.Tag}}']);
      assert.not.match(stdout, /\.\.|\$|;|--help|escaped/);
      assert.match((await store.ok(['system', 'check'])).stdout, /all is well/);
    }));

  test('tags that a registry lists are names, or they are refused', () =>
    withSite({}, (site) =>
      withGuarded(async (place) => {
        const attempts = EVIL_NAMES.map((tag, at): Attempt => {
          site.on(`/v2/lib/${at}/tags/list`, answers(200, JSON.stringify({ tags: [tag] })));
          const args = ['pull', '--tls-verify=false', '--retry', '0', '--all-tags', `docker://${site.host}/lib/${at}`];
          return { title: JSON.stringify(tag), args, says: /Invalid image name|is not a tag|no such image/ };
        });
        await allRefused(place, attempts);
        for (const { path } of site.requests) assert.match(path, /^\/v2\/(|lib\/\d\/tags\/list)$/);
      }),
    ));
});
