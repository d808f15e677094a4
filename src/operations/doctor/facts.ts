import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { release, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type DefaultNetwork, limitSupport, ownSelinuxHost, planConfinement } from '../../sandbox/index.js';
import { tryOverlay } from '../../snapshots/index.js';
import { type FenceProbe, getXattr, packageFile, probeFence } from '../../sys/index.js';
import type { Services } from '../context.js';
import { LateNetworks } from '../surroundings/late-networks.js';

/** What was found on this machine, before anybody judges it. */
export interface Facts {
  readonly user: string;
  readonly rootless: boolean;
  readonly kernel: string;
  /** False when the launcher could make no user namespace, and this process has the rights of its caller. */
  readonly entered: boolean;
  readonly idMode: 'root' | 'mapped' | 'single';
  readonly idProblem: string | undefined;
  /** Values of files below /proc/sys, those that are there. */
  readonly sysctls: Readonly<Record<string, string>>;
  readonly mappers: readonly Mapper[];
  /** Why no overlay could be mounted beside the store; undefined when one could. */
  readonly overlayProblem: string | undefined;
  readonly storeRoot: string;
  /** Undefined where there was no place to try it. */
  readonly landlock: FenceProbe | undefined;
  readonly seccompActions: readonly string[];
  readonly tun: 'usable' | 'closed' | 'absent';
  readonly networkHelper: string | undefined;
  /** The file of the AppArmor profile that confines pasta; undefined: none does. */
  readonly helperProfile: string | undefined;
  /** What commands get that nobody chose a network for; undefined: not tried, since there is no user namespace. */
  readonly defaultNetwork: DefaultNetwork | undefined;
  /** How limits can be enforced; `shared`: the group has processes of others, and none above it will do. */
  readonly cgroups: 'delegated' | 'shared' | 'closed' | 'v1' | 'absent';
  readonly selinux: 'enforcing' | 'permissive' | 'absent';
  /** Whether commands get labels by default. */
  readonly selinuxLabels: boolean;
  readonly freeBytes: number;
  /** Undefined where the file system has no fixed number of them. */
  readonly freeInodes: number | undefined;
  /** How far the clock is behind the moment this program was installed; 0 or less for one that may be right. */
  readonly clockBehindMs: number;
}

/** newuidmap or newgidmap. */
export interface Mapper {
  readonly name: string;
  readonly path: string | undefined;
  /** It may write the map of another process: set-user-id root, or with the file capability. */
  readonly privileged: boolean;
}

const SYSCTLS = ['user/max_user_namespaces', 'kernel/unprivileged_userns_clone', 'kernel/apparmor_restrict_unprivileged_userns'];
const SET_USER_ID = 0o4000;
const CAP_SYS_ADMIN = 21n; // linux/capability.h
const PROGRAM_FOLDERS = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/local/sbin', '/usr/sbin', '/sbin'];

export async function gatherFacts(services: Services): Promise<Facts> {
  const { settings } = services;
  const entered = hasSystemAdministration(readText('/proc/self/status'));
  const place = existingAncestor(settings.root);
  const { bavail, bsize, files, ffree } = statfsSync(place);
  return {
    user: userName(settings.uid),
    rootless: settings.rootless,
    kernel: release(),
    entered,
    idMode: settings.idMode,
    idProblem: settings.idProblem,
    sysctls: Object.fromEntries(SYSCTLS.flatMap((name) => entryOf(name))),
    mappers: ['newuidmap', 'newgidmap'].map(findMapper),
    overlayProblem: findOverlayProblem(place),
    storeRoot: settings.root,
    landlock: await tryFence(),
    seccompActions: readText('/proc/sys/kernel/seccomp/actions_avail').split(/\s+/).filter(Boolean),
    tun: tunState(),
    networkHelper: ['pasta', 'slirp4netns'].find((name) => findProgram(name) !== undefined),
    helperProfile: confiningProfile(),
    defaultNetwork: entered ? await tryNetwork(services) : undefined,
    cgroups: limitSupport(),
    selinux: selinuxState(),
    selinuxLabels: planConfinement({}, ownSelinuxHost()).selinux !== undefined,
    freeBytes: bavail * bsize,
    freeInodes: files === 0 ? undefined : ffree,
    clockBehindMs: statSync(packageFile('package.json')).ctimeMs - Date.now(),
  };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    // A kernel without it, or a /proc that hides it: that is a finding, no failure.
    return '';
  }
}

function entryOf(name: string): [string, string][] {
  const value = readText(`/proc/sys/${name}`);
  return value === '' ? [] : [[name.replaceAll('/', '.'), value]];
}

/** Whoever made a user namespace has every capability in it; an ordinary user outside has none. */
function hasSystemAdministration(status: string): boolean {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return ((effective >> CAP_SYS_ADMIN) & 1n) === 1n;
}

function userName(uid: number): string {
  const line = readText('/etc/passwd')
    .split('\n')
    .find((entry) => entry.split(':')[2] === String(uid));
  return line?.split(':')[0] ?? String(uid);
}

function existingAncestor(path: string): string {
  return existsSync(path) || path === dirname(path) ? path : existingAncestor(dirname(path));
}

function findProgram(name: string): string | undefined {
  return PROGRAM_FOLDERS.map((folder) => join(folder, name)).find((path) => isAccessible(path, constants.X_OK));
}

function isAccessible(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

function findMapper(name: string): Mapper {
  const path = findProgram(name);
  if (path === undefined) return { name, path, privileged: false };
  if ((statSync(path).mode & SET_USER_ID) !== 0) return { name, path, privileged: true };
  const fd = openSync(path, constants.O_RDONLY);
  try {
    return { name, path, privileged: getXattr(fd, 'security.capability') !== undefined };
  } finally {
    closeSync(fd);
  }
}

/** On the file system of the store. */
function findOverlayProblem(place: string): string | undefined {
  let directory: string;
  try {
    directory = mkdtempSync(join(place, '.tsbuild-doctor-'));
  } catch (error) {
    return `"${place}" cannot be written to (${(error as NodeJS.ErrnoException).code})`;
  }
  try {
    const lost = tryOverlay(directory);
    return lost === undefined ? undefined : `it does not keep ${lost}`;
  } catch (error) {
    return (error as Error).message;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Not beside the store, which may be where nothing can be written. */
async function tryFence(): Promise<FenceProbe | undefined> {
  let directory: string;
  try {
    directory = mkdtempSync(join(tmpdir(), 'tsbuild-doctor-'));
  } catch {
    return undefined; // a full disk, for instance, which has a line of its own
  }
  const fds: number[] = [];
  try {
    for (const name of ['inside', 'outside']) {
      mkdirSync(join(directory, name));
      fds.push(openSync(join(directory, name), constants.O_RDONLY | constants.O_DIRECTORY));
    }
    const [inside = -1, outside = -1] = fds;
    return await probeFence(inside, outside);
  } finally {
    for (const fd of fds) closeSync(fd);
    rmSync(directory, { recursive: true, force: true });
  }
}

function tunState(): Facts['tun'] {
  if (!existsSync('/dev/net/tun')) return 'absent';
  return isAccessible('/dev/net/tun', constants.R_OK | constants.W_OK) ? 'usable' : 'closed';
}

/** As a build does it, without what an earlier one found out. */
async function tryNetwork(services: Services): Promise<DefaultNetwork> {
  const networks = new LateNetworks({ extraHosts: [], proxies: services.settings.proxyEnvironment, remembers: false }, services);
  try {
    return await (await networks.open()).defaultNetwork();
  } finally {
    await networks.close();
  }
}

/** A file of AppArmor's that confines pasta, which may then not enter the network of a command. */
function confiningProfile(folder = '/etc/apparmor.d'): string | undefined {
  if (readText('/sys/module/apparmor/parameters/enabled') !== 'Y') return undefined;
  return ['usr.bin.pasta', 'pasta', 'usr.bin.passt', 'passt']
    .filter((name) => existsSync(join(folder, name)) && !existsSync(join(folder, 'disable', name)))
    .map((name) => join(folder, name))[0];
}

function selinuxState(): Facts['selinux'] {
  const enforce = readText('/sys/fs/selinux/enforce');
  return enforce === '1' ? 'enforcing' : enforce === '0' ? 'permissive' : 'absent';
}
