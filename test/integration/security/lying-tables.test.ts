import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { demand } from '../../support/docker-registry.js';
import { assertSound } from '../../support/hostile/refused.js';
import { withSite } from '../../support/hostile/site.js';
import { digestOf, imageOf } from '../../support/hostile-image.js';
import { suite } from '../../support/suite.js';
import { tarOf } from '../../support/tar-of.js';
import { runOk } from '../../support/tsbuild.js';
import { withGuarded } from '../../support/unchanged.js';

// zstd:chunked: a table of contents behind the tar, which partial pullers go by and others never see.
// https://github.com/containers/storage/blob/main/docs/containers-storage-zstd-chunked.md

const GOOD = tarOf([{ name: 'file', data: 'by the stream' }]);
const EVIL = tarOf([{ name: 'file', data: 'by the table!' }]);

function zstd(data: Buffer): Buffer {
  return execFileSync('zstd', ['-q', '-c'], { input: data });
}

/** A frame that readers skip. @see RFC 8878, section 3.1.2 */
function skippable(content: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184d2a50, 0);
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content]);
}

/** The tar of `stream`, and a table that speaks of another file of the same name. */
function chunked(stream: Buffer): { readonly layer: Buffer; readonly annotations: Readonly<Record<string, string>> } {
  const content = zstd(Buffer.from('by the table!'));
  const table = Buffer.from(
    JSON.stringify({
      version: 1,
      entries: [
        {
          type: 'reg',
          name: 'file',
          mode: 0o644,
          size: 13,
          digest: digestOf(Buffer.from('by the table!')),
          offset: 0,
          endOffset: content.length,
        },
      ],
    }),
  );
  const compressed = zstd(table);
  const front = Buffer.concat([zstd(stream), skippable(content)]);
  const position = `${front.length + 8}:${compressed.length}:${table.length}:1`;
  const footer = Buffer.alloc(64);
  for (const [at, value] of [front.length + 8, compressed.length, table.length, 1].entries())
    footer.writeBigUInt64LE(BigInt(value), at * 8);
  footer.write('GNUlInUx', 56, 'latin1');
  return {
    layer: Buffer.concat([front, skippable(compressed), skippable(footer)]),
    annotations: {
      'io.github.containers.zstd-chunked.manifest-checksum': digestOf(compressed),
      'io.github.containers.zstd-chunked.manifest-position': position,
    },
  };
}

suite('security/lying-tables', (test) => {
  test('the stream of a zstd:chunked layer is what counts, not its table, and it is held to the diff id', () =>
    withSite({}, (site) =>
      withGuarded(async (place) => {
        demand('zstd');
        const { store, context } = place;
        const { layer, annotations } = chunked(GOOD);
        const firstLayer = { mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd', annotations };
        const image = site.addImage('lib/table', imageOf([layer], { diffIds: [digestOf(GOOD)], firstLayer }));
        // To whoever goes by the table the configuration is right: it has the digest of a tar of what the table says.
        const forged = site.addImage('lib/forged', imageOf([layer], { diffIds: [digestOf(EVIL)], firstLayer }));
        const build = (file: string, from: string): string[] => {
          writeFileSync(join(context, file), `FROM ${from}\nCOPY Good /\n`);
          return ['bud', '--tls-verify=false', '--retry', '0', '-f', join(context, file), '-t', file.toLowerCase(), context];
        };
        await store.ok(build('Good', image));
        await store.ok([...build('Good', image).slice(0, -1), '-o', `type=tar,dest=${join(store.directory, 'out.tar')}`, context]);
        const { stdout } = await runOk(['tar', '-xOf', join(store.directory, 'out.tar'), 'file']);
        assert.is(stdout, 'by the stream');
        const says = new RegExp(`${digestOf(EVIL)}[^]*${digestOf(GOOD)}|${digestOf(GOOD)}[^]*${digestOf(EVIL)}`);
        const refused = await store.tsbuild(build('Forged', forged));
        assert.is(refused.status, 125, refused.stdout);
        assert.match(refused.stderr, says);
        // An image that really has the layer is none the worse for it.
        const honest = site.addImage('lib/honest', imageOf([EVIL]));
        await store.ok(build('Honest', honest));
        await assertSound(store);
      }),
    ));
});
