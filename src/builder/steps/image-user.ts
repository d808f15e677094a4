import { closeSync, constants, openSync, readSync } from 'node:fs';
import { hasCode, TsbuildError } from '../../errors.js';
import { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, closeFd, type Fd, O_PATH, openat2, statat } from '../../sys/index.js';

/** The name in USER, `--user` or `--chown` is not in the image. */
export class UnknownUserError extends TsbuildError {
  readonly code = 'SOURCE_NOT_FOUND';
  constructor(
    readonly what: 'user' | 'group',
    readonly wanted: string,
  ) {
    const file = what === 'user' ? 'passwd' : 'group';
    super(`unable to find ${what} ${wanted}: no matching entries in ${file} file`, {
      hint: `Add the ${what} to the image's /etc/${file} first, or give its number`,
    });
  }
}

export interface ImageUser {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. */
  readonly groups: readonly number[];
  /** Home directory; `/` for a number without an entry, `/root` for root without one. */
  readonly home: string;
}

// BuildKit's limit for the two files.
const MAX_FILE_BYTES = 10 * 2 ** 20;
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;

/**
 * Who `user[:group]` is in an image. Empty is root. The image's files are read inside its root, by hand: no library of the host is asked.
 *
 * @param root of the merged file system
 * @throws {UnknownUserError} a name that is not there
 */
export function lookUpUser(root: Fd, user: string): ImageUser {
  const [name = '', group] = user.split(':', 2);
  const entry = findPasswd(root, name === '' ? '0' : name);
  const uid = entry?.uid ?? parseId(name === '' ? '0' : name);
  if (uid === undefined) throw new UnknownUserError('user', name);
  const home = entry?.home || (uid === 0 ? '/root' : '/');
  if (group !== undefined && group !== '') return { uid, gid: findGroup(root, group), groups: [], home };
  return { uid, gid: entry?.gid ?? 0, groups: entry === undefined ? [] : groupsOf(root, entry.name), home };
}

/**
 * Who `--chown user[:group]` names, and who owns a WORKDIR by USER. Empty is root. A number is an id, even where somebody is called so; without a group it is its own group. A name brings
 * its primary group.
 *
 * @throws {UnknownUserError} a name that is not in the image
 */
export function lookUpOwner(root: Fd, owner: string): { readonly uid: number; readonly gid: number } {
  const [user = '', group = ''] = owner.split(':', 2);
  const named = user === '' || parseId(user) !== undefined ? undefined : lookUpUser(root, user);
  const uid = named?.uid ?? parseId(user) ?? 0;
  if (group === '') return { uid, gid: named?.gid ?? uid };
  return { uid, gid: parseId(group) ?? findGroup(root, group) };
}

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** By name first: a user may be called by a number that is not its id. */
function findPasswd(root: Fd, wanted: string): PasswdEntry | undefined {
  const entries = readLines(root, 'etc/passwd').flatMap(([name = '', , uid = '', gid = '', , home = '']): PasswdEntry[] => {
    const ids = [parseId(uid), parseId(gid)];
    return ids[0] === undefined || ids[1] === undefined ? [] : [{ name, uid: ids[0], gid: ids[1], home }];
  });
  return entries.find((entry) => entry.name === wanted) ?? entries.find((entry) => entry.uid === parseId(wanted));
}

function findGroup(root: Fd, wanted: string): number {
  const lines = readLines(root, 'etc/group');
  const gid = parseId(lines.find(([name]) => name === wanted)?.[2] ?? '') ?? parseId(wanted);
  if (gid === undefined) throw new UnknownUserError('group', wanted);
  return gid;
}

function groupsOf(root: Fd, user: string): number[] {
  const lines = readLines(root, 'etc/group').filter(([, , , members = '']) => members.split(',').includes(user));
  return lines.map(([, , gid = '']) => parseId(gid)).filter((gid) => gid !== undefined);
}

function parseId(text: string): number | undefined {
  const id = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return id <= 0xfffffffe ? id : undefined;
}

/** Lines of `a:b:c` split at the colons. A missing file has none; what is no regular file, or too large, counts as missing. */
function readLines(root: Fd, path: string): string[][] {
  let fd: Fd;
  try {
    // Looked at before it is opened: a fifo in its place would hang the build, a device might do anything.
    fd = openat2(root, path, { flags: O_PATH });
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].some((code) => hasCode(error, code))) return [];
    throw error;
  }
  try {
    const { mode, size } = statat(fd, '', AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
    if ((mode & S_IFMT) !== S_IFREG || size > MAX_FILE_BYTES) return [];
    return readText(fd, size)
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.split(':'));
  } finally {
    closeFd(fd);
  }
}

/** @param file opened by O_PATH: a regular file */
function readText(file: Fd, sizeBytes: number): string {
  const fd = openSync(`/proc/self/fd/${file}`, constants.O_RDONLY);
  try {
    const buffer = Buffer.alloc(sizeBytes);
    let length = 0;
    for (let read = -1; read !== 0 && length < sizeBytes; length += read) read = readSync(fd, buffer, length, sizeBytes - length, length);
    return buffer.toString('utf8', 0, length);
  } finally {
    closeSync(fd);
  }
}
