import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import type { NetworkHelper } from './request.js';

/** How a helper connects a network namespace. */
export interface HelperCommand {
  readonly name: NetworkHelper;
  /** For `tsbuild-launch network`, which replaces %p, %r and %f. */
  readonly argv: readonly string[];
  /** Where the helper answers questions about names, whatever the host's resolver is. */
  readonly resolver: string;
  /** Where the host is from inside; undefined: its gateway is asked for. */
  readonly gateway: string | undefined;
}

export interface HelperOptions {
  /** Of the user's, behind ours: where a helper takes the last, they win. */
  readonly options: readonly string[];
  /** Let commands reach what listens on the host's loopback. */
  readonly hostReachable: boolean;
  /** Real root, and not root of a user namespace. */
  readonly isRealRoot: boolean;
}

const FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Its program; undefined where there is none. */
export function findHelper(name: NetworkHelper, path: string | undefined): string | undefined {
  const folders = [...(path ?? '').split(':').filter((folder) => folder.startsWith('/')), ...FOLDERS];
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

/** Why no helper can work here, found out without starting one; undefined: nothing is known against it. */
export function tunnelProblem(device = '/dev/net/tun'): string | undefined {
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    return `${device} cannot be opened (${(error as NodeJS.ErrnoException).code ?? String(error)})`;
  }
}

/** @param program absolute path of the helper */
export function helperCommand(name: NetworkHelper, program: string, given: HelperOptions): HelperCommand {
  return name === 'pasta' ? pasta(program, given) : slirp4netns(program, given);
}

// A link-local address that no host has: what podman uses too.
const PASTA_RESOLVER = '169.254.1.1';

/** @see https://passt.top/builds/latest/web/passt.1.html */
function pasta(program: string, { options, hostReachable, isRealRoot }: HelperOptions): HelperCommand {
  return {
    name: 'pasta',
    argv: [
      program,
      '--config-net',
      '--foreground',
      '--quiet',
      ...(isRealRoot ? ['--runas', '0'] : []),
      '--pid',
      '%f',
      // No port of the command's shows on the host, and none of the host's inside.
      ...['--tcp-ports', 'none', '--udp-ports', 'none', '--tcp-ns', 'none', '--udp-ns', 'none'],
      ...(hostReachable ? [] : ['--no-map-gw']),
      ...['--dns-forward', PASTA_RESOLVER],
      ...options,
      ...['--userns', '/proc/%p/ns/user', '--netns', '/proc/%p/ns/net'],
    ],
    resolver: PASTA_RESOLVER,
    gateway: undefined,
  };
}

/** @see https://github.com/rootless-containers/slirp4netns/blob/master/slirp4netns.1.md */
function slirp4netns(program: string, { options, hostReachable }: HelperOptions): HelperCommand {
  return {
    name: 'slirp4netns',
    argv: [
      program,
      '--configure',
      '--mtu=65520',
      // It parses what a command sends: as little as possible is to be had by a fault in it.
      ...['--enable-sandbox', '--enable-seccomp'],
      ...(hostReachable ? [] : ['--disable-host-loopback']),
      '--ready-fd=%r',
      '--userns-path=/proc/%p/ns/user',
      ...options,
      '%p',
      'tap0',
    ],
    resolver: '10.0.2.3',
    gateway: '10.0.2.2',
  };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
