import { lstatSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { type Environment, readVariable } from './environment.js';
import { SettingsError } from './errors.js';
import { findHome, type Identity } from './identity.js';

export interface Directories {
  readonly home: string | undefined;
  /** $XDG_CONFIG_HOME or ~/.config; undefined without a home directory. Likewise the next. */
  readonly configHome: string | undefined;
  readonly cacheHome: string | undefined;
  /** $XDG_RUNTIME_DIR, else /run/user/UID when it is there and ours. */
  readonly runtimeDir: string | undefined;
  /** The store. Not made here. */
  readonly root: string;
  /** State of running commands, lost at reboot. Not made here. */
  readonly runRoot: string;
  /** Where files too large for memory go while a command runs: $TMPDIR or /var/tmp. */
  readonly tmpDir: string;
}

export interface DirectoryFlags {
  readonly root?: string | undefined;
  readonly runroot?: string | undefined;
}

/**
 * Where things are: flags first, then the XDG variables, then the customary places.
 *
 * @throws {SettingsError} a variable is not an absolute path, or nothing says where a user's store is
 * @see https://specifications.freedesktop.org/basedir-spec/0.8/
 */
export function findDirectories(environment: Environment, flags: DirectoryFlags, identity: Identity): Directories {
  const home = findHome(environment, identity.uid);
  const runtimeDir = absoluteVariable(environment, 'XDG_RUNTIME_DIR') ?? existingRuntimeDir(identity);
  return {
    home,
    configHome: absoluteVariable(environment, 'XDG_CONFIG_HOME') ?? below(home, '.config'),
    cacheHome: absoluteVariable(environment, 'XDG_CACHE_HOME') ?? below(home, '.cache'),
    runtimeDir,
    root: flags.root === undefined ? defaultRoot(environment, identity, home) : directoryFlag('--root', flags.root),
    runRoot: flags.runroot === undefined ? defaultRunRoot(identity, runtimeDir) : directoryFlag('--runroot', flags.runroot),
    tmpDir: absoluteVariable(environment, 'TMPDIR') ?? '/var/tmp',
  };
}

function directoryFlag(flag: string, value: string): string {
  if (value === '') throw new SettingsError(flag, 'the path is empty');
  return resolve(value);
}

function defaultRoot(environment: Environment, identity: Identity, home: string | undefined): string {
  if (identity.uid === 0) return '/var/lib/tsbuild';
  const dataHome = absoluteVariable(environment, 'XDG_DATA_HOME') ?? below(home, '.local/share');
  if (dataHome === undefined) {
    throw new SettingsError('HOME', 'it is not set, and the password file has no home directory for this user', undefined, {
      hint: 'Set HOME or XDG_DATA_HOME, or name the store with --root DIRECTORY',
    });
  }
  return join(dataHome, 'tsbuild');
}

function defaultRunRoot(identity: Identity, runtimeDir: string | undefined): string {
  if (identity.uid === 0) return '/run/tsbuild';
  if (runtimeDir !== undefined) return join(runtimeDir, 'tsbuild');
  return privateTempDir(`/tmp/tsbuild-run-${identity.uid}`);
}

/** /tmp belongs to everybody, so a directory that somebody else made there first must not be used. */
function privateTempDir(path: string): string {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return path;
  const ours = stat.isDirectory() && stat.uid === process.getuid?.() && (stat.mode & 0o077) === 0;
  if (ours) return path;
  throw new SettingsError(path, 'it is not a directory that belongs to this user alone (mode 0700)', undefined, {
    hint: 'Set XDG_RUNTIME_DIR to a private directory, or name one with --runroot DIRECTORY',
  });
}

function existingRuntimeDir(identity: Identity): string | undefined {
  const path = `/run/user/${identity.uid}`;
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isDirectory() === true && stat.uid === process.getuid?.() ? path : undefined;
}

function absoluteVariable(environment: Environment, name: string): string | undefined {
  const value = readVariable(environment, name);
  if (value === undefined || isAbsolute(value)) return value;
  throw new SettingsError(name, `"${value}" is not an absolute path`);
}

function below(directory: string | undefined, path: string): string | undefined {
  return directory === undefined ? undefined : join(directory, path);
}
