// Makes a small root file system from Debian's busybox-static: a base image without a registry.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SetupError } from './requirements.mjs';

const FOLDERS = ['bin', 'dev', 'etc', 'home', 'proc', 'root', 'sys', 'tmp', 'usr', 'var', 'var/tmp'];

/** Writes `file`, a zstd-compressed tar with bin/busybox, a link per applet, passwd and group. The same bytes each time. */
export function writeBusyboxRootfs(file) {
  const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path));
  if (busybox === undefined) throw new SetupError('busybox is missing; run: sudo apt-get install busybox-static');
  const root = mkdtempSync(join(tmpdir(), 'tsbuild-busybox-'));
  try {
    // Temporary directories are their maker's alone, a root directory is everybody's.
    chmodSync(root, 0o755);
    for (const folder of FOLDERS) mkdirSync(join(root, folder), { recursive: true, mode: 0o755 });
    for (const folder of ['tmp', 'var/tmp']) chmodSync(join(root, folder), 0o1777);
    chmodSync(join(root, 'root'), 0o700);
    copyFileSync(busybox, join(root, 'bin/busybox'));
    chmodSync(join(root, 'bin/busybox'), 0o755);
    for (const applet of execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n')) {
      if (applet !== '' && applet !== 'busybox') symlinkSync('busybox', join(root, 'bin', applet));
    }
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n', { mode: 0o644 });
    writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnogroup:x:65534:\n', { mode: 0o644 });
    const tar = execFileSync('tar', ['--owner=0', '--group=0', '--numeric-owner', '--sort=name', '--mtime=@0', '-C', root, '-c', '.'], {
      maxBuffer: 1 << 28,
    });
    const { compress } = createRequire(import.meta.url)('zstd-napi');
    writeFileSync(file, compress(tar));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
