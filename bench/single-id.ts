import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Result } from './support/report.js';
import { fixtures, project } from './support/tsbuild.js';

const CALLS = ['uid', 'reuid', 'stat', 'chown'];
const ROUNDS = 8;
// A user whom nobody gives subordinate ids: nobody.
const NOBODY = 65534;

/** What a system call costs that the supervisor answers, and the same call answered by the kernel. The fastest of several rounds. */
export async function singleId(): Promise<Result[]> {
  const directory = mkdtempSync(join(tmpdir(), 'tsbuild-single-id-'));
  try {
    const context = join(directory, 'context');
    mkdirSync(context);
    execFileSync('cc', ['-O1', '-static', '-pthread', '-w', '-o', join(context, 'probe'), join(project, 'test/native/probe.c')]);
    copyFileSync(join(fixtures, 'busybox.tar'), join(context, 'rootfs.tar'));
    const words = CALLS.flatMap((call) => ['microseconds', call]).join(' ');
    const rounds = `for i in $(seq ${ROUNDS}); do /probe ${words}; done`;
    const lines = [
      'FROM scratch',
      'ADD rootfs.tar /',
      'COPY probe /probe',
      'ENV PATH=/bin',
      `RUN touch /bench; chown 3:3 /bench; ${rounds}`,
    ];
    writeFileSync(join(context, 'Containerfile'), `${lines.join('\n')}\n`);
    for (const path of [directory, context]) chmodSync(path, 0o755);
    chownSync(directory, NOBODY, NOBODY);
    const faked = measure(directory, context, process.getuid?.() === 0 ? NOBODY : undefined);
    // Root has no supervisor; any other user has the one already measured.
    const real = process.getuid?.() === 0 ? measure(directory, context, undefined) : new Map<string, number>();
    return CALLS.map((call) => {
      const [ours, peer] = [faked.get(call), real.get(call)];
      const result = { work: `single id: ${call}`, unit: 'µs', ours: ours ?? Number.NaN, goal: '< 10 µs' } as const;
      return peer === undefined ? result : { ...result, peer, peerName: 'the kernel' };
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function measure(directory: string, context: string, user: number | undefined): Map<string, number> {
  const program = join(project, 'bin/tsbuild');
  const store = join(directory, user === undefined ? 'own' : 'single');
  const args = ['--root', join(store, 'root'), '--runroot', join(store, 'run'), 'bud', '--no-cache', '--network', 'host', context];
  const become = user === undefined ? [] : ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups'];
  const [file = '', ...rest] = [...become, program, ...args];
  const output = execFileSync(file, rest, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, HOME: directory },
  });
  const fastest = new Map<string, number>();
  for (const [, call = '', value] of output.matchAll(/^(\w+) ([\d.]+)$/gm)) {
    fastest.set(call, Math.min(fastest.get(call) ?? Number.POSITIVE_INFINITY, Number(value)));
  }
  return fastest;
}
