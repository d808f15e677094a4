import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, freemem, hostname, release, totalmem, uptime } from 'node:os';
import { hostPlatform } from '../image/index.js';
import type { Store } from '../store/index.js';
import { type Services, withStore } from './context.js';
import { versionInfo } from './version.js';

/** What `buildah info` prints, as far as it means something here, and how ids are mapped. */
export interface Info {
  /** Only when it is asked for. */
  readonly debug?: Readonly<Record<string, string>>;
  readonly host: {
    readonly CgroupVersion: 'v1' | 'v2';
    readonly Distribution: { readonly distribution: string; readonly version: string };
    /** Bytes. */
    readonly MemFree: number;
    readonly MemTotal: number;
    readonly OCIRuntime: string;
    /** Bytes. */
    readonly SwapFree: number;
    readonly SwapTotal: number;
    readonly arch: string;
    readonly cpus: number;
    readonly hostname: string;
    readonly kernel: string;
    readonly os: string;
    readonly rootless: boolean;
    /** `root`: no mapping; `mapped`: subordinate ids; `single`: one id. */
    readonly idMode: string;
    /** Why there is no more than one id; absent when there is nothing to mend. */
    readonly idProblem?: string;
    readonly uptime: string;
    readonly variant: string;
  };
  readonly store: {
    readonly ContainerStore: { readonly number: number };
    readonly GraphDriverName: string;
    /** `--storage-opt`, as given. */
    readonly GraphOptions: readonly string[];
    readonly GraphRoot: string;
    readonly GraphStatus: Readonly<Record<string, string>>;
    readonly ImageStore: { readonly number: number };
    readonly RunRoot: string;
  };
}

export async function info({ debug }: { readonly debug: boolean }, services: Services): Promise<Info> {
  const { settings } = services;
  return withStore(services, async (store) => ({
    ...(debug ? { debug: debugDocument() } : {}),
    host: {
      CgroupVersion: existsSync('/sys/fs/cgroup/cgroup.controllers') ? 'v2' : 'v1',
      Distribution: distribution(),
      MemFree: freemem(),
      MemTotal: totalmem(),
      OCIRuntime: 'tsbuild-launch',
      ...swap(),
      arch: hostPlatform(process.arch).architecture,
      cpus: availableParallelism(),
      hostname: hostname(),
      kernel: release(),
      os: 'linux',
      rootless: settings.rootless,
      idMode: settings.idMode,
      ...(settings.idProblem === undefined ? {} : { idProblem: settings.idProblem }),
      uptime: formatUptime(uptime()),
      variant: hostPlatform(process.arch).variant ?? '',
    },
    store: {
      ContainerStore: { number: store.containers.list().length },
      ...(await graph(store, settings)),
      ImageStore: { number: new Set(store.names.list().map((image) => image.descriptor.digest)).size },
      RunRoot: store.runRoot,
    },
  }));
}

/** Of a store that nothing was put in yet, what it will be as far as can be told. */
async function graph(store: Store, { storageDriver, storageOptions }: Services['settings']) {
  const { chooseDriver } = await import('../snapshots/index.js');
  const driver = storageDriver ?? (existsSync(store.root) ? (await chooseDriver(store)).driver : 'overlay');
  return {
    GraphDriverName: driver,
    GraphOptions: storageOptions,
    GraphRoot: store.root,
    GraphStatus: driver === 'vfs' ? ({} as Readonly<Record<string, string>>) : overlayStatus(store.root),
  };
}

/** In containers/storage's words, with what is always so here. */
function overlayStatus(root: string): Readonly<Record<string, string>> {
  return {
    'Backing Filesystem': fileSystemOf(root),
    'Native Overlay Diff': 'true',
    'Supports d_type': 'true',
    'Using metacopy': 'false',
  };
}

/** The type of the file system that holds a path, of the mounts above it that which is nearest. */
function fileSystemOf(path: string): string {
  const mounts = readText('/proc/self/mountinfo')
    .split('\n')
    .map((line) => line.split(' '))
    // Blanks in paths are octal escapes there. The type follows a lone "-": optional fields stand before it.
    .map((fields) => ({ target: unescapeOctal(fields[4] ?? ''), type: fields[fields.indexOf('-') + 1] ?? '' }))
    .filter(({ target }) => `${path}/`.startsWith(target.endsWith('/') ? target : `${target}/`));
  return mounts.reduce((best, mount) => (mount.target.length >= best.target.length ? mount : best), { target: '', type: 'unknown' }).type;
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

function swap(): { readonly SwapFree: number; readonly SwapTotal: number } {
  const text = readText('/proc/meminfo');
  const bytes = (name: string): number => 1024 * Number(new RegExp(`^${name}: +([0-9]+) kB$`, 'm').exec(text)?.[1] ?? 0);
  return { SwapFree: bytes('SwapFree'), SwapTotal: bytes('SwapTotal') };
}

/** Buildah's keys, those of what tsbuild is not made with with an empty text. */
function debugDocument(): Readonly<Record<string, string>> {
  const { version, node } = versionInfo();
  return { 'buildah version': version, compiler: '', 'git commit': '', 'go version': '', 'node version': node, 'tsbuild version': version };
}

function distribution(): { distribution: string; version: string } {
  const text = readText('/etc/os-release');
  const field = (name: string): string => new RegExp(`^${name}="?([^"\n]*)"?$`, 'm').exec(text)?.[1] ?? 'unknown';
  return { distribution: field('ID'), version: field('VERSION_ID') };
}

/** Empty when it cannot be read: a system without the file is still a system. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function formatUptime(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const days = hours > 0 ? ` (Approximately ${(seconds / 86_400).toFixed(2)} days)` : '';
  return `${hours > 0 ? `${hours}h ` : ''}${minutes}m ${(seconds % 60).toFixed(2)}s${days}`;
}
