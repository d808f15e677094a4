import { existsSync, readFileSync } from 'node:fs';
import * as os from 'node:os';
import { hostPlatform } from '../image/index.js';
import type { Store } from '../store/index.js';
import { type Services, withStore } from './context.js';

/** What `buildah info` prints, as far as it means something here, and how ids are mapped. */
export interface Info {
  readonly host: {
    readonly Distribution: { readonly distribution: string; readonly version: string };
    /** Bytes. */
    readonly MemFree: number;
    readonly MemTotal: number;
    readonly OCIRuntime: string;
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
    readonly GraphRoot: string;
    readonly ImageStore: { readonly number: number };
    readonly RunRoot: string;
  };
}

export async function info(services: Services): Promise<Info> {
  const { settings } = services;
  return withStore(services, async (store) => ({
    host: {
      Distribution: distribution(),
      MemFree: os.freemem(),
      MemTotal: os.totalmem(),
      OCIRuntime: 'tsbuild-launch',
      arch: hostPlatform(process.arch).architecture,
      cpus: os.availableParallelism(),
      hostname: os.hostname(),
      kernel: os.release(),
      os: 'linux',
      rootless: settings.rootless,
      idMode: settings.idMode,
      ...(settings.idProblem === undefined ? {} : { idProblem: settings.idProblem }),
      uptime: formatUptime(os.uptime()),
      variant: hostPlatform(process.arch).variant ?? '',
    },
    store: {
      ContainerStore: { number: store.containers.list().length },
      GraphDriverName: await driverName(store, settings),
      GraphRoot: store.root,
      ImageStore: { number: new Set(store.names.list().map((image) => image.descriptor.digest)).size },
      RunRoot: store.runRoot,
    },
  }));
}

/** Of a store that nothing was put in yet, what it will be as far as can be told. */
async function driverName(store: Store, { storageDriver }: Services['settings']): Promise<string> {
  if (storageDriver !== undefined) return storageDriver;
  const { chooseDriver } = await import('../snapshots/index.js');
  return existsSync(store.root) ? (await chooseDriver(store)).driver : 'overlay';
}

function distribution(): { distribution: string; version: string } {
  let text = '';
  try {
    text = readFileSync('/etc/os-release', 'utf8');
  } catch {
    // A system without the file is still a system.
  }
  const field = (name: string): string => new RegExp(`^${name}="?([^"\n]*)"?$`, 'm').exec(text)?.[1] ?? 'unknown';
  return { distribution: field('ID'), version: field('VERSION_ID') };
}

function formatUptime(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return `${hours > 0 ? `${hours}h ` : ''}${minutes}m ${(seconds % 60).toFixed(2)}s`;
}
