// From a fresh clone to a running container: set up, make a base image, build test/containerfiles/hello, run it, list the images.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeBusyboxRootfs } from './busybox-rootfs.mjs';
import { project, runMain, SetupError, say } from './requirements.mjs';
import { setUp } from './setup.mjs';

const tsbuildProgram = join(project, 'bin/tsbuild');

function tsbuild(args, { capture = false } = {}) {
  console.log(`$ tsbuild ${args.join(' ')}`);
  const run = spawnSync(tsbuildProgram, args, { stdio: ['ignore', capture ? 'pipe' : 'inherit', 'inherit'], encoding: 'utf8' });
  if (run.error || run.status !== 0) throw new SetupError(`tsbuild ${args[0]} ended with status ${run.status ?? run.signal ?? run.error}`);
  if (capture) process.stdout.write(run.stdout);
  return run.stdout;
}

await runMain(() => {
  setUp();

  say('making a base image from busybox-static');
  const base = mkdtempSync(join(tmpdir(), 'tsbuild-quickstart-'));
  try {
    copyFileSync(join(project, 'test/containerfiles/busybox/Containerfile'), join(base, 'Containerfile'));
    writeBusyboxRootfs(join(base, 'rootfs.tar.zst'));
    tsbuild(['bud', '-t', 'busybox', base]);
  } finally {
    rmSync(base, { recursive: true, force: true });
  }

  say('building test/containerfiles/hello');
  tsbuild(['bud', '-t', 'hello', join(project, 'test/containerfiles/hello/context')]);

  say('running it');
  const container = tsbuild(['from', 'hello'], { capture: true }).trim();
  try {
    tsbuild(['run', container]);
  } finally {
    tsbuild(['rm', container]);
  }

  say('the images in the store');
  tsbuild(['images']);
});
