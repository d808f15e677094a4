import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { skip, suite } from '../../support/suite.js';
import { addBusybox, project, run, withTestStore } from '../../support/tsbuild.js';

// How much is free before the build, in KiB: from next to nothing to enough. The build writes a layer of
// 2 MiB that does not compress, so it needs twice that, and some.
const ROOM = [16, 64, 300, 900, 1500, 2100, 2400, 3000, 3600, 4150, 4300, 4800, 8000];

/**
 * In a mount namespace of its own: a tmpfs with a copy of the store and `room` more, a build there, then the same with space.
 * Says how each command ended.
 */
const SCRIPT = `
set -u
copy=$1 context=$2 tsbuild=$3 room=$4 place=$5
mount -t tmpfs -o size=48m,mode=0755 tmpfs "$place" || exit 77
cp -a "$copy" "$place/root" || exit 78
mkdir "$place/run"
free=$(df --output=avail -k "$place" | tail -1)
fallocate -l $((free - room))k "$place/filler" || exit 79
t() { "$tsbuild" --root "$place/root" --runroot "$place/run" "$@"; }
t bud -q -t app "$context" > "$context/out" 2> "$context/err"
echo "build $?"
t images --format '{{.Name}}' -n | sort | tr '\\n' ' '; echo
rm "$place/filler"
t system check > "$context/check"; echo "check $?"
cat "$context/check" >&2
t bud -q -t app "$context" > /dev/null; echo "again $?"
ls "$place/root/tmp" | wc -l
t run "$(t from app)" ls -l /big | awk '{print $5}'
t unshare rm -rf "$place/root"
`;

suite('durability/full-disk', (test) => {
  test('a build on a disk that fills up says so, loses nothing, and succeeds when there is space again', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const copy = join(store.directory, 'copy');
      await store.ok(['unshare', 'cp', '-a', store.root, copy]);
      const place = join(store.directory, 'place');
      mkdirSync(place);
      let full = 0;
      try {
        for (const room of ROOM) {
          const context = join(store.directory, `room-${room}`);
          mkdirSync(context);
          writeFileSync(join(context, 'Containerfile'), 'FROM localhost/busybox\nRUN dd if=/dev/urandom of=/big bs=1k count=2048\n');
          const words = ['sh', '-c', SCRIPT, 'sh', copy, context, join(project, 'bin/tsbuild'), String(room), place];
          // The store's own command enters its user namespace, in which there is a mount namespace to be changed.
          const { status, stdout, stderr } = await run(store.argv(['unshare', ...words]));
          if (status === 77) skip(`no tmpfs can be mounted here: ${stderr.trim()}`);
          const [build, images, check, again, left, size] = stdout.trim().split('\n');
          const subject = `${room} KiB of room\n${stdout}\n${stderr}`;
          if (build !== 'build 0') {
            full++;
            // Either tsbuild finds no space, or the command does.
            assert.match(build ?? '', /^build (?:125|1)$/, subject);
            assert.match(await readText(join(context, 'err')), /no space left/i, subject);
            assert.is(images?.trim(), 'localhost/busybox', subject);
          } else {
            assert.is(images?.trim(), 'localhost/app localhost/busybox', subject);
          }
          assert.equal([check, again, left, size], ['check 0', 'again 0', '0', String(2048 * 1024)], subject);
        }
      } finally {
        await store.ok(['unshare', 'rm', '-rf', copy]);
      }
      assert.ok(full >= 5 && full < ROOM.length, `${full} of ${ROOM.length} builds had too little space`);
      assert.ok(existsSync(place));
    }));
});

async function readText(file: string): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  return readFile(file, 'utf8');
}
