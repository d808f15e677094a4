import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.js';
import { addBusybox, type TestStore, withTestStore } from '../support/tsbuild.js';

/** A context with a Containerfile and files. */
function context(store: TestStore, containerfile: string, files: Readonly<Record<string, string>> = {}): string {
  const directory = join(store.directory, `context-${contexts++}`);
  for (const [name, content] of Object.entries({ Containerfile: containerfile, ...files })) {
    mkdirSync(join(directory, name, '..'), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
  return directory;
}
let contexts = 0;

interface Inspection {
  readonly OCIv1: {
    readonly config: Readonly<Record<string, unknown>>;
    readonly rootfs: { readonly diff_ids: readonly string[] };
    readonly history: readonly { readonly created_by: string; readonly comment?: string; readonly empty_layer?: boolean }[];
  };
}

async function inspect(store: TestStore, name: string): Promise<Inspection['OCIv1']> {
  return (JSON.parse((await store.ok(['inspect', '--type', 'image', name])).stdout) as Inspection).OCIv1;
}

suite('integration/instructions', (test) => {
  test('metadata instructions end in the configuration, and make no layer', async () => {
    await withTestStore(async (store) => {
      const lines = [
        'FROM scratch',
        'ARG VERSION=1.2',
        'ENV A=1 B="two words" C=$VERSION',
        'ENV A=3',
        'LABEL one=1 two="2 3"',
        'MAINTAINER somebody',
        'EXPOSE 80 443/tcp 5000-5001/udp',
        'STOPSIGNAL SIGUSR1',
        'USER 1000:1000',
        'SHELL ["/bin/ash", "-c"]',
        'HEALTHCHECK --interval=5s --retries=2 CMD check me',
        'ONBUILD RUN echo later',
        'CMD dropped',
        'ENTRYPOINT ["/entry"]',
        'CMD run it',
      ];
      await store.ok(['bud', '-q', '-t', 'meta', context(store, lines.join('\n'))]);
      const { config, rootfs, history } = await inspect(store, 'meta');
      assert.equal(rootfs.diff_ids, []);
      assert.ok(history.every((entry) => entry.empty_layer === true && entry.comment === 'buildkit.dockerfile.v0'));
      const { Labels, ...others } = config as { Labels: Record<string, string> };
      assert.equal([Labels.one, Labels.two], ['1', '2 3']);
      assert.equal(others, {
        User: '1000:1000',
        ExposedPorts: { '443/tcp': {}, '5000/udp': {}, '5001/udp': {}, '80/tcp': {} },
        Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'A=3', 'B=two words', 'C=1.2'],
        Entrypoint: ['/entry'],
        Cmd: ['/bin/ash', '-c', 'run it'],
        StopSignal: 'SIGUSR1',
        Healthcheck: { Test: ['CMD-SHELL', 'check me'], Interval: 5e9, Retries: 2 },
        OnBuild: ['RUN echo later'],
        Shell: ['/bin/ash', '-c'],
      });
    });
  });

  test('COPY and ADD bring heredocs, a URL with its date, and trees; WORKDIR and VOLUME make directories', async () => {
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'last-modified': 'Tue, 02 Jan 2024 03:04:05 GMT' }).end('fetched\n');
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    const { port } = server.address() as AddressInfo;
    try {
      await withTestStore(async (store) => {
        await addBusybox(store);
        const lines = [
          'FROM busybox',
          'ARG N=5',
          'WORKDIR /work/deep',
          'VOLUME ["/data/here"]',
          'COPY <<"RAW" <<EXP /conf/',
          'raw $N',
          'RAW',
          'expanded $N',
          'EXP',
          `ADD --chmod=640 http://127.0.0.1:${port}/some/file.txt fetched/`,
          'COPY --chmod=u=rwX,go= tree /tree',
          'RUN cat /conf/RAW /conf/EXP fetched/file.txt && stat -c "%a %n" /conf/RAW fetched/file.txt /tree/sub /tree/sub/x /data/here /work/deep && date -u -r fetched/file.txt +%s',
        ];
        const { stdout } = await store.ok(['bud', '-t', 'files', context(store, lines.join('\n'), { 'tree/sub/x': 'x' })]);
        for (const expected of [
          'raw $N\nexpanded 5\nfetched\n',
          '644 /conf/RAW',
          '640 fetched/file.txt',
          '700 /tree/sub\n600 /tree/sub/x',
          '755 /data/here',
          '755 /work/deep',
          '1704164645',
        ]) {
          assert.ok(stdout.includes(expected), `${expected}\n${stdout}`);
        }
      });
    } finally {
      server.close();
    }
  });

  test('ADD with a wrong --checksum is refused at its line', async () => {
    const server = createServer((_request, response) => response.end('other\n'));
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    try {
      await withTestStore(async (store) => {
        const { port } = server.address() as AddressInfo;
        const run = await store.tsbuild([
          'bud',
          context(store, `FROM scratch\nADD --checksum=sha256:${'0'.repeat(64)} http://127.0.0.1:${port}/f /f\n`),
        ]);
        assert.is(run.status, 125);
        assert.match(run.stderr, /Containerfile:2:1: building at STEP .*digest mismatch of http/);
      });
    } finally {
      server.close();
    }
  });

  test('a RUN sees its own namespaces, no capability it should not have, no descriptor of ours', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const lines = [
        'FROM busybox',
        'RUN grep -E "^Cap(Inh|Prm|Eff|Bnd|Amb)" /proc/self/status; ls /proc/self/fd | wc -l; cat /proc/1/comm; hostname; id -u; id -G',
        'RUN --network=none ls /sys/class/net',
        'RUN ! mount -t tmpfs none /tmp; mknod /dev/sda b 8 0; test "$(head -c 512 /dev/sda | wc -c)" = 0',
        'RUN --mount=type=bind,source=file,target=/in cat /in && ! sh -c "echo x > /in"',
        'RUN --mount=type=tmpfs,target=/t touch /t/x && ls /t',
        'RUN test ! -e /t && test ! -e /in',
      ];
      const { stdout } = await store.ok(['bud', '--no-cache', context(store, lines.join('\n'), { file: 'bound\n' })]);
      // CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE SYS_CHROOT SETFCAP
      assert.match(stdout, /CapInh:\t0{16}\nCapPrm:\t0{8}800405fb\nCapEff:\t0{8}800405fb\nCapBnd:\t0{8}800405fb\nCapAmb:\t0{16}\n/);
      // 0, 1, 2 and the directory that ls itself has open.
      assert.match(stdout, /CapAmb:\t0+\n4\n/);
      assert.match(stdout, /\nlo\n/);
      assert.match(stdout, /\nbound\n/);
    });
  });

  test('a failing RUN gives its own status, and what was built before it comes from the cache next time', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const directory = context(store, 'FROM busybox\nRUN echo first > /first\nRUN exit 42\n');
      const first = await store.tsbuild(['bud', '-t', 'failing', directory]);
      assert.is(first.status, 42);
      assert.match(first.stderr, /Error: building at STEP "RUN exit 42": while running the command: exit status 42/);
      const second = await store.tsbuild(['bud', '-t', 'failing', directory]);
      assert.is(second.status, 42);
      assert.match(second.stdout, /STEP 2\/3: RUN echo first > \/first\n--> Using cache/);
      assert.not.match((await store.ok(['images'])).stdout, /failing/);
    });
  });

  test('a command that is written twice runs twice', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const directory = context(store, 'FROM busybox\nRUN echo ran\nRUN echo ran\n');
      assert.is((await store.ok(['bud', directory])).stdout.match(/^ran$/gm)?.length, 2);
      assert.is((await store.ok(['bud', directory])).stdout.match(/Using cache/g)?.length, 2);
    });
  });

  test('--no-layers makes one layer of a stage, with what its steps removed gone', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const lines = [
        'FROM busybox AS one',
        'RUN mkdir /d && echo a > /d/a && rm /etc/group',
        'COPY file /d/file',
        'RUN rm /d/a && chmod 700 /d',
        'FROM one',
        'RUN test -e /d/file && test ! -e /d/a && test ! -e /etc/group && echo seen',
      ];
      const { stdout } = await store.ok(['bud', '--no-layers', '-t', 'single', context(store, lines.join('\n'), { file: 'f' })]);
      assert.match(stdout, /\nseen\n/);
      const base = await inspect(store, 'busybox');
      const { rootfs, history } = await inspect(store, 'single');
      assert.is(rootfs.diff_ids.length, base.rootfs.diff_ids.length + 2);
      assert.is(history.filter((entry) => entry.empty_layer !== true).length, rootfs.diff_ids.length);
    });
  });

  test('independent stages run at the same time', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      // Each stage waits for a file of the other in a shared directory: one after the other they would wait for ever.
      mkdirSync(join(store.directory, 'meet'), { mode: 0o777 });
      const meet = (own: string, other: string): string =>
        `RUN touch /meet/${own}; for i in $(seq 100); do test -e /meet/${other} && exit 0; sleep 0.1; done; exit 1`;
      const lines = [
        'FROM busybox AS a',
        meet('a', 'b'),
        'FROM busybox AS b',
        meet('b', 'a'),
        'FROM busybox',
        'COPY --from=a /etc/passwd /a',
        'COPY --from=b /etc/passwd /b',
      ];
      await store.ok(['bud', '--jobs', '2', '-v', `${join(store.directory, 'meet')}:/meet`, context(store, lines.join('\n'))]);
    });
  });
});
