import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunOptions, runInSandbox, type SandboxPlan, type SandboxResult } from '../../src/sandbox/index.js';
import { packageFile } from '../../src/sys/index.js';
import { makeBusyboxRoot } from './busybox-root.js';
import { idMode } from './inside-namespaces.js';
import { withTempDir } from './temp-dir.js';

const TOOLS =
  'cat chown dd echo env false find grep head hostname id ifconfig kill ln ls mkdir mknod mount nc readlink rm seq sh sleep stat sync touch true tty unshare yes';

export interface TestBox {
  readonly directory: string;
  /** The only lower directory, with busybox in it; add to it what the image should have before `run`. */
  readonly image: string;
  readonly upper: string;
  /** Runs a shell command, or an argument list. */
  run(command: string | readonly string[], changes?: Partial<SandboxPlan>, options?: RunOptions): Promise<Outcome>;
}

export interface Outcome {
  readonly result: SandboxResult;
  readonly stdout: string;
  readonly stderr: string;
}

/** An image of a single busybox with a fresh upper directory, gone afterwards. */
export function withBox<T>(body: (box: TestBox) => Promise<T>): Promise<T> {
  return withTempDir((directory) => body(makeBox(directory)));
}

/** The same in an empty directory of the caller's. */
export function makeBox(directory: string): TestBox {
  const image = makeBusyboxRoot(join(directory, 'image'), TOOLS.split(' '));
  const upper = join(directory, 'upper');
  const work = join(directory, 'work');
  mkdirSync(upper);
  mkdirSync(work);
  return {
    directory,
    image,
    upper,
    run: async (command, changes = {}, options = {}) => {
      const output = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
      const plan: SandboxPlan = {
        rootfs: { lowers: [image], upper, work, overlayXattrs: idMode() === 'root' ? 'trusted' : 'user' },
        argv: typeof command === 'string' ? ['sh', '-c', command] : command,
        env: ['PATH=/bin', 'HOME=/root'],
        cwd: '/',
        user: { uid: 0, gid: 0, groups: [] },
        network: 'host',
        hostname: 'box',
        mounts: [],
        files: [{ target: '/etc/hosts', content: '127.0.0.1 localhost\n' }],
        seccomp: 'default',
        singleId: idMode() === 'single',
        stdio: 'pipe',
        ...changes,
      };
      const result = await runInSandbox(plan, { onOutput: (stream, bytes) => output[stream].push(bytes), ...options });
      return { result, stdout: Buffer.concat(output.stdout).toString(), stderr: Buffer.concat(output.stderr).toString() };
    },
  };
}

let compiled: Buffer | undefined;

/** Puts test/native/probe.c, compiled once, into the image as /bin/probe. */
export async function addProbe({ image }: Pick<TestBox, 'image'>): Promise<void> {
  compiled ??= await withTempDir((directory) => {
    const program = join(directory, 'probe');
    execFileSync('cc', ['-O1', '-static', '-pthread', '-w', '-o', program, packageFile('test/native/probe.c')]);
    return readFileSync(program);
  });
  writeFileSync(join(image, 'bin/probe'), compiled, { mode: 0o755 });
}
