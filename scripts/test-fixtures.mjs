// Root file systems the tests build on, made once and kept in build/fixtures: busybox, Debian 12 (mmdebstrap), and Node's own files.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeBusyboxRootfs } from './busybox-rootfs.mjs';
import { modifiedMs, project, SetupError, say } from './requirements.mjs';

export const fixtures = join(project, 'build/fixtures');

export async function makeFixtures() {
  mkdirSync(fixtures, { recursive: true });
  make('busybox.tar.zst', (file) => writeBusyboxRootfs(file), join(project, 'scripts/busybox-rootfs.mjs'));
  make(
    'busybox.tar',
    (file) => execFileSync('zstd', ['-dqf', join(fixtures, 'busybox.tar.zst'), '-o', file]),
    join(fixtures, 'busybox.tar.zst'),
  );
  if (process.getuid() === 0) make('debian12.tar', debian);
  else if (!existsSync(join(fixtures, 'debian12.tar')))
    say('no Debian fixture: mmdebstrap needs root to mount; the tests that build on it are skipped');
  make('node.tar', node);
}

/** Unless it is there, and no older than what it is made from. */
function make(name, write, source) {
  const file = join(fixtures, name);
  if (existsSync(file) && (source === undefined || modifiedMs(file) >= modifiedMs(source))) return;
  say(`making the test fixture ${name}`);
  const partial = `${file}.partial`;
  write(partial);
  renameSync(partial, file);
}

/** A minimal Debian 12 from the mirrors this machine itself uses. */
function debian(file) {
  const mirrors = debianMirrors();
  const run = spawnSync(
    'mmdebstrap',
    ['--variant=minbase', '--mode=auto', '--include=ca-certificates', '--format=tar', 'bookworm', file, ...mirrors],
    { encoding: 'utf8' },
  );
  if (run.status !== 0) throw new SetupError(`mmdebstrap failed:\n${run.stderr.trim().split('\n').slice(-10).join('\n')}`);
}

/** The machine's own Debian sources, as mmdebstrap takes them; nothing when it is no Debian (mmdebstrap then uses its default). */
function debianMirrors() {
  const file = '/etc/apt/sources.list.d/debian.sources';
  if (existsSync(file)) {
    const uri = /^URIs:\s*(\S+)/m.exec(readFileSync(file, 'utf8'))?.[1];
    if (uri !== undefined) return [uri];
  }
  const list = existsSync('/etc/apt/sources.list') ? readFileSync('/etc/apt/sources.list', 'utf8') : '';
  const uri = /^deb\s+(?:\[[^\]]*\]\s+)?(\S+debian\/?)\s/m.exec(list)?.[1];
  return uri === undefined ? [] : [uri];
}

/** The running Node and its npm, at the paths an image has them. */
function node(file) {
  const prefix = dirname(dirname(process.execPath));
  const npm = ['lib/node_modules/npm', 'share/nodejs/npm'].find((folder) => existsSync(join(prefix, folder)));
  if (npm === undefined) throw new SetupError(`npm's own files are not below ${prefix}`);
  execFileSync('tar', [
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--sort=name',
    '-C',
    prefix,
    // Not the targets of links: they are relative.
    '--transform',
    's,^,usr/local/,S',
    '-cf',
    file,
    'bin/node',
    'bin/npm',
    npm,
  ]);
}
