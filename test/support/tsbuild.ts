import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { skip } from './suite.js';
import { fastTempRoot } from './temp-dir.js';

export const project = fileURLToPath(new URL('../../../../', import.meta.url)).replace(/\/$/, '');
export const fixtures = join(project, 'build/fixtures');
export const containerfiles = join(project, 'test/containerfiles');

export interface Run {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string | Uint8Array;
  readonly signal?: AbortSignal;
}

/** Runs any program and collects what it prints. */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<Run> {
  return new Promise((resolve, reject) => {
    const [program, ...args] = argv;
    const child = spawn(program!, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.signal === undefined ? {} : { signal: options.signal, killSignal: 'SIGKILL' as const }),
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.stdin.on('error', () => {
      // The program ended without reading its input: its status tells.
    });
    child.on('error', (error) => (error.name === 'AbortError' ? undefined : reject(error)));
    child.on('close', (status, signal) =>
      resolve({ status, signal, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    );
    child.stdin.end(options.stdin);
  });
}

/** As {@link run}; anything but status 0 fails the test, with everything that was printed. */
export async function runOk(argv: readonly string[], options: RunOptions = {}): Promise<Run> {
  const result = await run(argv, options);
  assert.is(result.status, 0, `${argv.join(' ')}\nstatus ${result.status} ${result.signal}\n${result.stdout}\n${result.stderr}`);
  return result;
}

/** bin/tsbuild with a store of its own. */
export class TestStore {
  readonly root: string;

  constructor(readonly directory: string) {
    this.root = join(directory, 'root');
  }

  tsbuild(args: readonly string[], options: RunOptions = {}): Promise<Run> {
    return run(this.argv(args), options);
  }

  ok(args: readonly string[], options: RunOptions = {}): Promise<Run> {
    return runOk(this.argv(args), options);
  }

  argv(args: readonly string[]): string[] {
    return [join(project, 'bin/tsbuild'), '--root', this.root, '--runroot', join(this.directory, 'run'), ...args];
  }
}

/**
 * Runs `body` with an empty store on a tmpfs. Afterwards it is removed the way its owner can: some of its files belong to subordinate ids.
 */
export async function withTestStore<T>(body: (store: TestStore) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(fastTempRoot(), 'tsbuild-store-'));
  mkdirSync(join(directory, 'run'));
  const store = new TestStore(directory);
  try {
    return await body(store);
  } finally {
    await store.tsbuild(['unshare', 'rm', '-rf', store.root]);
    await rm(directory, { recursive: true, force: true });
  }
}

/** Adds the busybox base as `localhost/busybox`. */
export function addBusybox(store: TestStore): Promise<void> {
  return addBase(store, 'busybox', { containerfile: 'busybox', archive: 'busybox.tar.zst', as: 'rootfs.tar.zst' });
}

/** Adds Debian 12 as `localhost/debian12`. */
export function addDebian(store: TestStore): Promise<void> {
  return addBase(store, 'debian12', { containerfile: 'debian', archive: 'debian12.tar', as: 'debian12.tar' });
}

/** Adds `localhost/node20`, and the Debian it stands on. */
export async function addNode(store: TestStore): Promise<void> {
  await addDebian(store);
  await addBase(store, 'node20', { containerfile: 'node20', archive: 'node.tar', as: 'node.tar' });
}

async function addBase(
  store: TestStore,
  name: string,
  base: { readonly containerfile: string; readonly archive: string; readonly as: string },
): Promise<void> {
  if (!existsSync(join(fixtures, base.archive))) skip(`build/fixtures/${base.archive} could not be made on this machine`);
  const context = join(store.directory, base.containerfile);
  mkdirSync(context, { recursive: true });
  copyFileSync(join(containerfiles, base.containerfile, 'Containerfile'), join(context, 'Containerfile'));
  copyFileSync(join(fixtures, base.archive), join(context, base.as));
  await store.ok(['bud', '-q', '-t', name, context]);
}

/** `root`: no mapping of ids; `mapped`: subordinate ids; `single`: one id only. */
export async function idModeOf(store: TestStore): Promise<'root' | 'mapped' | 'single'> {
  const { stdout } = await store.ok(['info']);
  return (JSON.parse(stdout) as { host: { idMode: 'root' | 'mapped' | 'single' } }).host.idMode;
}
