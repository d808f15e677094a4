import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { type HostileSite, pours, withSite } from '../../support/hostile/site.js';
import { imageOf, type MadeImage } from '../../support/hostile-image.js';
import { skip, suite } from '../../support/suite.js';
import { END, tarEntry } from '../../support/tar-of.js';
import { run } from '../../support/tsbuild.js';
import { type Guarded, withGuarded } from '../../support/unchanged.js';

// A layer of a megabyte that becomes a gigabyte, on a disk of 24 MiB.

const CHUNK = Buffer.alloc(2 ** 20, 'x');
const CHUNKS = 1024;
/** Less than what tsbuild takes by itself and a fifth of the bomb. A build with sanitizers holds the shadow of its memory besides. */
const MAX_RESIDENT_KIB = (process.env.ASAN_OPTIONS === undefined ? 1 : 3) * 300 * 1024;

/** Gzip may be many streams one after the other: a small one again and again. */
function bomb(): MadeImage {
  const header = tarEntry({ name: 'bomb', size: CHUNK.length * CHUNKS });
  const hash = createHash('sha256').update(header);
  for (let chunk = 0; chunk < CHUNKS; chunk++) hash.update(CHUNK);
  const diffId = `sha256:${hash.update(END).digest('hex')}`;
  const piece = gzipSync(CHUNK);
  const layer = Buffer.concat([gzipSync(header), ...Array<Buffer>(CHUNKS).fill(piece), gzipSync(END)]);
  return imageOf([layer], { diffIds: [diffId], firstLayer: { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip' } });
}

/** Runs `args` over a store on a small tmpfs; what it said, what it left, and the most memory that it had. */
const SCRIPT = `set -u
  root=$1; tsbuild=$2; runroot=$3; context=$4; shift 4
  mount -t tmpfs -o size=24m tmpfs "$root" || exit 99
  "$tsbuild" --root "$root" --runroot "$runroot" bud -q -t app "$context" >"$context/id" || exit 98
  before=$(df -k --output=used "$root" | tail -1)
  "$tsbuild" --root "$root" --runroot "$runroot" "$@" 2>&1 & pid=$!
  while grep -q '^State:.[^Z]' /proc/$pid/status 2>/dev/null; do
    for one in $pid $(cat /proc/$pid/task/*/children 2>/dev/null); do sed -n 's/^VmHWM:/resident/p' /proc/$one/status 2>/dev/null; done
    sleep 0.02
  done | sort -k2n | tail -1 >"$context/resident"
  wait $pid; echo "status $?"
  cat "$context/resident"
  echo "more $(( $(df -k --output=used "$root" | tail -1) - before ))"
  find "$root/tmp" "$root/trash" -mindepth 1 | sed 's/^/left /'
  find "$root" -name bomb | sed 's/^/left /'
  "$tsbuild" --root "$root" --runroot "$runroot" system check
  "$tsbuild" --root "$root" --runroot "$runroot" from -q app`;

const EXTRACTING = /^Error: Cannot extract layer: ENOSPC: No space left on device, pwrite 'bomb'\nFree space on the disk/m;
const FETCHING = /^Error: Cannot fetch http:.*: it is larger than \d+ bytes$/m;

suite('security/bombs', (test) => {
  for (const [title, command, says] of [
    [
      'a layer that fills the disk ends the command, all of it is gone, and memory was bounded: a build on it',
      ({ context }: Guarded) => ['bud', '--tls-verify=false', '-f', join(context, 'From'), context],
      EXTRACTING,
    ],
    [
      'a layer that fills the disk ends the command, all of it is gone, and memory was bounded: a working container of it',
      (_: Guarded, name: string) => ['from', '--tls-verify=false', name],
      EXTRACTING,
    ],
    [
      'a file without end is left before the disk is full',
      ({ context }: Guarded) => ['bud', '--retry', '0', '-f', join(context, 'Add'), context],
      FETCHING,
    ],
  ] as const)
    test(title, () =>
      withSite({}, (site: HostileSite) =>
        withGuarded(async (place) => {
          const { store, context } = place;
          const name = site.addImage('lib/bomb', bomb());
          writeFileSync(join(context, 'Containerfile'), 'FROM scratch\nCOPY Containerfile /\n');
          writeFileSync(join(context, 'From'), `FROM ${name}\nCOPY From /\n`);
          writeFileSync(join(context, 'Add'), `FROM scratch\nADD http://${site.host}/bomb /\n`);
          site.on('/bomb', pours(200));
          mkdirSync(store.root);
          const unshare = process.getuid!() === 0 ? ['unshare', '-m'] : ['unshare', '-rm'];
          const [program = '', , root = '', , runRoot = ''] = store.argv([]);
          const { status, stdout, stderr } = await run([
            ...unshare,
            'sh',
            '-c',
            SCRIPT,
            'sh',
            root,
            program,
            runRoot,
            context,
            ...command(place, name),
          ]);
          if (status === 99) skip('no tmpfs can be mounted here');
          assert.is(status, 0, stdout + stderr);
          assert.match(stdout, says, stdout);
          assert.match(stdout, /^status 125$/m);
          assert.not.match(stdout, /^left /m);
          const number = (word: string): number => Number(new RegExp(`^${word}\\s+(-?\\d+)`, 'm').exec(stdout)?.[1]);
          assert.ok(number('resident') < MAX_RESIDENT_KIB, stdout);
          // The compressed layer, whose bytes are what its digest says, may stay.
          assert.ok(number('more') < 2048, stdout);
          assert.match(stdout, /all is well/);
          assert.match(stdout, /^(localhost-)?app-working-container$|working-container/m);
        }),
      ),
    );
});
