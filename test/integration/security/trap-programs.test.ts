import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { withSite } from '../../support/hostile/site.js';
import { imageOf } from '../../support/hostile-image.js';
import { suite } from '../../support/suite.js';
import { type TarItem, tarOf } from '../../support/tar-of.js';
import { addBusybox, runOk } from '../../support/tsbuild.js';
import { type Guarded, withGuarded } from '../../support/unchanged.js';

// An image whose programs, libraries and labels wait for somebody on the host to run or load them.

/** What tsbuild starts on the host, and what such programs load before their first line. */
const PROGRAMS = [
  'sh',
  'bash',
  'git',
  'tar',
  'node',
  'newuidmap',
  'newgidmap',
  'getsubids',
  'pasta',
  'slirp4netns',
  'crun',
  'runc',
  'bzip2',
  'xz',
];
const LIBRARIES = ['libc.so.6', 'libnss_files.so.2', 'libnss_dns.so.2', 'ld-linux-x86-64.so.2'];
const FOLDERS = ['bin', 'usr/bin', 'usr/sbin', 'usr/local/bin', 'lib', 'lib64', 'usr/lib', 'lib/x86_64-linux-gnu'];

/** A marker outside, for everybody to write: whoever runs as anyone on the host can. */
function trapImage({ store }: Guarded): { readonly image: ReturnType<typeof imageOf>; readonly mark: string } {
  const mark = join(store.directory, 'mark');
  const script = `#!/bin/sh\necho "$0 $*" >>${mark}\n`;
  const items: TarItem[] = FOLDERS.flatMap((folder) => [
    { name: `${folder}/`, mode: 0o755 },
    ...[...PROGRAMS, ...LIBRARIES].map((name) => ({ name: `${folder}/${name}`, data: script, mode: 0o4755 })),
  ]);
  const config: TarItem[] = [
    { name: 'etc/', mode: 0o755 },
    { name: 'etc/passwd', data: 'root:x:0:0::/:/bin/sh\ntrap:x:5:5::/:/bin/sh\n' },
    { name: 'etc/group', data: 'root:x:0:\ntrap:x:5:\n' },
    { name: 'etc/nsswitch.conf', data: 'passwd: trap\nhosts: trap\n' },
    { name: 'etc/ld.so.preload', data: '/lib/libc.so.6\n' },
    { name: 'etc/gitconfig', data: `[core]\n\tfsmonitor = ${mark}\n` },
  ];
  const run = `echo label >>${mark}`;
  const labels = Object.fromEntries(['run', 'RUN', 'install', 'INSTALL', 'uninstall', 'io.containers.run'].map((name) => [name, run]));
  const image = imageOf([tarOf([...items, ...config])], {
    config: {
      Labels: labels,
      OnBuild: ['LABEL triggered=yes', `COPY --chown=trap:trap added /triggered`],
      Healthcheck: { Test: ['CMD-SHELL', run] },
      Cmd: ['sh', '-c', run],
      Shell: ['/bin/sh', '-c'],
      Env: ['PATH=/bin', 'LD_PRELOAD=/lib/libc.so.6'],
      User: 'trap',
    },
  });
  return { image, mark };
}

suite('security/trap-programs', (test) => {
  test('no program, library, label or trigger of an image is run or loaded on the host by any verb', () =>
    withSite({}, (site) =>
      withGuarded(async (place) => {
        const { store, context } = place;
        const { image, mark } = trapImage(place);
        const name = site.addImage('lib/trap', image);
        const once = ['--tls-verify=false', '--retry', '0'];
        const at = (file: string) => join(store.directory, file);
        const build = async (file: string, text: string, ...flags: readonly string[]) => {
          writeFileSync(join(context, file), text);
          await store.ok(['bud', ...once, '-f', join(context, file), ...flags, context]);
        };
        writeFileSync(join(context, 'added'), 'x');
        await runOk(['tar', '-C', context, '-cjf', join(context, 'added.tar.bz2'), 'added']);
        await build(
          'From',
          `FROM ${name}\nUSER trap\nWORKDIR /made\nCOPY --chown=trap added /\nADD added.tar.bz2 /unpacked/\nHEALTHCHECK CMD echo label >>${mark}\n`,
          '-t',
          'app',
        );
        await build('CopyFrom', `FROM scratch\nCOPY --from=${name} / /copied/\n`, '-o', `type=local,dest=${at('out')}`);
        // As root a mount is for the caller's eyes: others need a user namespace that is theirs.
        for (const args of [
          ['from', '--name', 'working', 'app'],
          ['mount', 'working'],
          ['copy', '--chown', 'trap', 'working', join(context, 'added'), '/by-verb'],
          ['add', 'working', join(context, 'added.tar.bz2'), '/by-verb-too'],
          ['config', '--label', 'a=b', 'working'],
          ['commit', 'working', 'committed'],
          ['inspect', 'app'],
          ['history', 'app'],
          ['image', 'tree', 'app'],
          ['image', 'diff', 'app'],
          ['push', 'app', `oci-archive:${at('pushed.tar')}`],
          ['save', '-o', at('saved.tar'), 'app'],
          ['rm', 'working'],
          ['du'],
          ['system', 'check'],
        ])
          if (args[0] !== 'mount' || process.getuid?.() === 0) await store.ok(args);
        assert.not.ok(existsSync(mark), existsSync(mark) ? readFileSync(mark, 'utf8') : '');
        assert.ok(readdirSync(at('out')).includes('copied'), 'the traps were there');
        const { stdout } = await store.ok(['inspect', '--type', 'image', 'app']);
        assert.match(stdout, /"triggered": "yes"/, 'ONBUILD was obeyed, in the image');
      }),
    ));

  test('what a trigger runs, it runs in the sandbox, where nothing of the host is', () =>
    withGuarded(async (place) => {
      const { store, context, outside } = place;
      await addBusybox(store);
      const mark = join(store.directory, 'mark');
      writeFileSync(
        join(context, 'Base'),
        `FROM localhost/busybox\nONBUILD RUN cat ${outside}/secret /proc/1/root${outside}/secret; echo x >>${mark}; true\n`,
      );
      await store.ok(['bud', '-q', '-t', 'base', '-f', join(context, 'Base'), context]);
      writeFileSync(join(context, 'From'), 'FROM localhost/base\n');
      const { stdout, stderr } = await store.ok(['bud', '-f', join(context, 'From'), context]);
      assert.not.match(stdout + stderr, /spy:x/);
      assert.not.ok(existsSync(mark));
    }));
});
