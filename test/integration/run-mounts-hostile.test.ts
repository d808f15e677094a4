import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { lastLayerListing } from '../support/image-layers.js';
import { suite } from '../support/suite.js';
import { addBusybox, type Run, type TestStore, withTestStore } from '../support/tsbuild.js';
import { unchanged } from '../support/unchanged.js';

// Attacks on mounts that other builders have had; each leaves what lies outside of the build as it was.

interface Place {
  readonly store: TestStore;
  /** A directory of the host that nobody gave to the build. */
  readonly outside: string;
  readonly context: string;
}

function withPlace(body: (place: Place) => Promise<void>): () => Promise<void> {
  return () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const outside = join(store.directory, 'outside');
      const context = join(store.directory, 'context');
      mkdirSync(outside);
      mkdirSync(context);
      chmodSync(outside, 0o777);
      writeFileSync(join(outside, 'file'), 'untouched', { mode: 0o666 });
      await unchanged(outside, () => body({ store, outside, context }));
    });
}

function build({ store, context }: Place, lines: string, args: readonly string[] = []): Promise<Run> {
  writeFileSync(join(store.directory, 'Containerfile'), lines);
  return store.tsbuild([
    'bud',
    '--no-cache',
    '-t',
    'app',
    '--format',
    'docker',
    ...args,
    '-f',
    join(store.directory, 'Containerfile'),
    context,
  ]);
}

function ok(result: Run): Run {
  assert.is(result.status, 0, `${result.stdout}\n${result.stderr}`);
  return result;
}

suite('hostile mounts', (test) => {
  test(
    'CVE-2024-1753: a source that is a link to / in an image shows the root of that image',
    withPlace(async (place) => {
      const lines = `FROM busybox AS evil
RUN ln -s / /link && ln -s ../../../../../../../../.. /up && touch /of-image
FROM busybox
RUN --mount=type=bind,from=evil,source=/link,target=/m,rw test -e /m/of-image && test ! -e /m${place.outside} && mkdir -p /m${place.outside} && echo x >/m${place.outside}/file
RUN --mount=type=bind,from=evil,source=/up,target=/m,rw test -e /m/of-image && test ! -e /m${place.outside}
RUN --mount=type=bind,from=evil,source=/link/../../..,target=/m test -e /m/of-image
`;
      ok(await build(place, lines));
    }),
  );

  test(
    'CVE-2024-1753: a link in the context leads nowhere outside of it',
    withPlace(async (place) => {
      symlinkSync(place.outside, join(place.context, 'link'));
      symlinkSync('/', join(place.context, 'root'));
      writeFileSync(join(place.context, 'own'), '');
      const linked = await build(place, 'FROM busybox\nRUN --mount=source=link,target=/m,rw rm -rf /m/file\n');
      assert.is.not(linked.status, 0);
      ok(await build(place, `FROM busybox\nRUN --mount=target=/m,rw ! cat /m/root${place.outside}/file && ! echo x >/m/link/file\n`));
      const above = await build(place, 'FROM busybox\nRUN --mount=source=../outside,target=/m cat /m/file\n');
      assert.is.not(above.status, 0);
      assert.not.match(above.stdout, /untouched/);
    }),
  );

  test(
    'CVE-2024-11218: two stages that change what they mount at the same time reach only throw-away copies',
    withPlace(async (place) => {
      const swap = `for i in 1 2 3 4 5 6 7 8 9 10; do rm -rf /m/d; ln -s ${place.outside} /m/d; rm /m/d; mkdir /m/d; done`;
      const lines = `FROM busybox AS evil
RUN mkdir -p /s/d
FROM busybox AS one
RUN --mount=from=evil,source=/s,target=/m,rw ${swap}; touch /one
FROM busybox AS two
RUN --mount=from=evil,source=/s/d,target=/m,rw echo x >/m/file; touch /two
FROM busybox
COPY --from=one /one /
COPY --from=two /two /
RUN --mount=from=evil,source=/s,target=/m test -d /m/d && test ! -e /m/d/file
`;
      ok(await build(place, lines, ['--jobs', '0']));
    }),
  );

  for (const option of ['bind-propagation=rw,upperdir=/', 'bind-propagation=shared:rw', 'relabel=nonsense']) {
    test(
      `CVE-2024-9407: the mount option ${option} is refused at its line`,
      withPlace(async (place) => {
        const { status, stderr } = await build(place, `FROM busybox\nRUN --mount=target=/m,${option} true\n`);
        assert.is.not(status, 0);
        assert.match(stderr, /Containerfile:2/);
      }),
    );
  }

  test(
    'CVE-2024-9675: neither the id nor the source of a cache leads out of it',
    withPlace(async (place) => {
      const lines = `FROM busybox
RUN --mount=type=cache,id=../../../../../../../../../..${place.outside},target=/m test ! -e /m/file && echo x >/m/file
RUN --mount=type=cache,id=c,source=../../../../../../../../../../..${place.outside},target=/m test ! -e /m/file && echo x >/m/file
RUN --mount=type=cache,id=c,target=/m ln -s ${place.outside} /m/link && ln -s ../../../../../../../../../../..${place.outside} /m/up
RUN --mount=type=cache,id=c,source=link,target=/m echo x >/m/file
RUN --mount=type=cache,id=c,source=up,target=/m echo x >/m/file
`;
      ok(await build(place, lines));
      assert.equal(
        readdirSync(join(place.store.root, 'cache/mounts')).filter((name) => !/^[0-9a-f]{64}(\.\d+)?$/.test(name)),
        [],
      );
    }),
  );

  test(
    'CVE-2024-23652: a mount point that is replaced by a link is not cleaned up through it',
    withPlace(async (place) => {
      const lines = `FROM busybox
RUN --mount=type=tmpfs,target=/a/b/c/d umount /a/b/c/d 2>/dev/null; rm -rf /a 2>/dev/null; mv /a /z 2>/dev/null; ln -s ${place.outside} /a 2>/dev/null; touch /ran
`;
      ok(await build(place, lines));
    }),
  );

  test(
    'CVE-2025-4953: what a command writes to the context does not get there',
    withPlace(async (place) => {
      writeFileSync(join(place.context, 'own'), 'own');
      const lines = `FROM busybox
RUN --mount=target=/m,rw echo x >/m/own && echo x >/m/new && chmod 0777 /m/own
RUN --mount=target=/m ! (echo x >/m/own) && ! mount -o remount,rw /m
`;
      ok(await build(place, lines));
      assert.equal(readdirSync(place.context), ['own']);
      assert.is(readFileSync(join(place.context, 'own'), 'utf8'), 'own');
    }),
  );

  test(
    'CVE-2024-9341: files of an image name nothing of the host to mount',
    withPlace(async (place) => {
      const lines = `FROM busybox
RUN mkdir -p /usr/share/containers /etc/containers /run/secrets && echo ${place.outside}:/stolen >/usr/share/containers/mounts.conf && cp /usr/share/containers/mounts.conf /etc/containers/
RUN test ! -e /stolen && test -z "$(ls /run/secrets)"
`;
      ok(await build(place, lines));
    }),
  );

  test(
    'a secret is on tmpfs alone, with its mode, and its mount point is in no layer',
    withPlace(async (place) => {
      const file = join(place.store.directory, 'secret');
      writeFileSync(file, 'tr0ub4dor&3', { mode: 0o644 });
      const lines = `FROM busybox
RUN --mount=type=secret,id=s stat -c %a /run/secrets/s | grep -x 400 && ! ln /run/secrets/s /hard && cp /run/secrets/s /dev/shm/copy && touch /ran
RUN test ! -e /run/secrets && test ! -e /dev/shm/copy
`;
      ok(await build(place, lines, ['--secret', `id=s,src=${file}`]));
      await place.store.ok(['unshare', 'sh', '-c', '! grep -rF "$1" "$2"', 'sh', 'tr0ub4dor&3', place.store.root]);
      assert.not.match((await lastLayerListing(place.store, 'app')).join('\n'), /secrets/);
    }),
  );

  test(
    'CVE-2021-30465: a target that is a link, or lies behind one, is inside the image',
    withPlace(async (place) => {
      const lines = `FROM busybox
RUN ln -s ${place.outside} /link && ln -s ../../../../../../..${place.outside} /up && ln -s /proc/self/root /magic && mkdir -p /in && ln -s /in /ok
RUN --mount=type=tmpfs,target=/link/x echo 1 >/link/x/file && test -e ${place.outside}/x/file
RUN --mount=type=tmpfs,target=/up echo 1 >/up/file
RUN --mount=type=tmpfs,target=/ok echo 1 >/ok/file && test -e /in/file
`;
      ok(await build(place, lines));
      assert.not.ok(existsSync(join(place.outside, 'x')));
      for (const target of ['/proc/self/x', '/proc', '/proc/sys']) {
        const { status } = await build(place, `FROM busybox\nRUN --mount=type=tmpfs,target=${target} true\n`);
        assert.is.not(status, 0, target);
      }
    }),
  );
});
