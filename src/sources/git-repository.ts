import { closeSync, constants, existsSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../errors.js';
import { type GitUrl, withoutPassword } from '../parser/index.js';
import { utimensat, walk } from '../sys/index.js';
import { CommitMismatchError, GitFailedError } from './errors.js';
import type { Git } from './git.js';

/** What a git URL means at this moment. */
export interface ResolvedCommit {
  /** All its digits. */
  readonly commit: string;
  /** The full name of the branch or tag that leads there; undefined for a commit that is named itself. */
  readonly ref: string | undefined;
}

const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const SHORT_COMMIT = /^[0-9a-f]{7,63}$/;

/**
 * Asks the repository which commit is meant. One that is named by all its digits is not asked for.
 *
 * @throws {GitFailedError} the repository cannot be read, or has no such ref @throws {CommitMismatchError}
 */
export async function resolveCommit(git: Git, url: GitUrl, scratch: string, signal: AbortSignal): Promise<ResolvedCommit> {
  const found =
    url.ref !== undefined && COMMIT.test(url.ref) ? { commit: url.ref, ref: undefined } : await askFor(git, url, scratch, signal);
  if (url.checksum !== undefined && !found.commit.startsWith(url.checksum))
    throw new CommitMismatchError(withoutPassword(url.remote), url.checksum, found.commit);
  return found;
}

async function askFor(git: Git, url: GitUrl, scratch: string, signal: AbortSignal): Promise<ResolvedCommit> {
  const shown = withoutPassword(url.remote);
  const action = `read the repository ${shown}`;
  const { ref } = url;
  if (ref === undefined || ref === 'HEAD') {
    const lines = parseRefs(await git.run(['ls-remote', '--symref', '--', addressOf(url), 'HEAD'], { action, signal }));
    const commit = lines.find(({ name, value }) => name === 'HEAD' && COMMIT.test(value))?.value;
    if (commit === undefined)
      throw new GitFailedError(action, 'it has no default branch', { hint: 'Name a branch, a tag or a commit behind #' });
    const branch = lines.find(({ name, value }) => name === 'HEAD' && value.startsWith('ref: '))?.value.slice('ref: '.length);
    return { commit, ref: branch };
  }
  const names = namesOf(ref);
  const patterns = names.flatMap((name) => (name.startsWith('refs/tags/') ? [name, `${name}^{}`] : [name]));
  const listed = parseRefs(await git.run(['ls-remote', '--', addressOf(url), ...patterns], { action, signal }));
  for (const name of names) {
    const commit = commitOf(listed, `${name}^{}`) ?? commitOf(listed, name);
    if (commit !== undefined && COMMIT.test(commit)) return { commit, ref: name };
  }
  if (SHORT_COMMIT.test(ref)) return { commit: await findShort(git, url, ref, scratch, signal), ref: undefined };
  throw new GitFailedError(action, `repository does not contain ref ${ref}`);
}

/** What a short name may be; a branch goes before a tag, as with `git checkout`. */
function namesOf(ref: string): readonly string[] {
  if (ref.startsWith('refs/')) return [ref];
  return [`refs/${ref}`, `refs/heads/${ref.replace(/^heads\//, '')}`, `refs/tags/${ref.replace(/^tags\//, '')}`];
}

interface ListedRef {
  readonly value: string;
  readonly name: string;
}

function parseRefs(output: string): readonly ListedRef[] {
  return output.split('\n').flatMap((line) => {
    const tab = line.indexOf('\t');
    return tab < 0 ? [] : [{ value: line.slice(0, tab), name: line.slice(tab + 1) }];
  });
}

function commitOf(refs: readonly ListedRef[], name: string): string | undefined {
  return refs.find((ref) => ref.name === name)?.value;
}

/** Only all of the history tells which commit some digits mean. */
async function findShort(git: Git, url: GitUrl, digits: string, scratch: string, signal: AbortSignal): Promise<string> {
  const shown = withoutPassword(url.remote);
  mkdirSync(scratch);
  try {
    await initialize(git, url, scratch, signal);
    await fetchAll(git, url, scratch, signal);
    const action = `find the commit ${digits} in ${shown}`;
    const found = await git.run(['rev-parse', '--verify', '--end-of-options', `${digits}^{commit}`], { action, cwd: scratch, signal });
    return found.trim();
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * Brings the files of a commit into `directory`, which is made; as little of the history as the server lets one choose. `.git` is there
 * afterwards only if the URL asks for it, and then without history of what was done, passwords and hooks.
 *
 * @throws {GitFailedError} the commit, or a submodule, cannot be fetched
 */
export async function checkOut(git: Git, url: GitUrl, resolved: ResolvedCommit, directory: string, signal: AbortSignal): Promise<void> {
  const shown = withoutPassword(url.remote);
  mkdirSync(directory);
  await initialize(git, url, directory, signal);
  await fetchCommit(git, url, resolved, directory, signal);
  const run = { action: `check out ${resolved.commit} of ${shown}`, cwd: directory, signal };
  await git.run(['checkout', '--quiet', '--force', '--detach', resolved.commit], run);
  if (url.submodules !== false && existsSync(join(directory, '.gitmodules'))) {
    const action = `fetch the submodules of ${shown}`;
    await git.run(['submodule', '--quiet', 'update', '--init', '--recursive', '--depth=1'], { action, cwd: directory, signal });
  }
  const seconds = url.mtime === 'commit' ? Number(await git.run(['show', '--no-patch', '--format=%ct', resolved.commit], run)) : undefined;
  if (url.keepGitDir === true) {
    await git.run(['reflog', 'expire', '--all', '--expire=now'], run);
    // An index without the times and inodes of this checkout.
    await git.run(['read-tree', 'HEAD'], run);
    for (const name of ['FETCH_HEAD', 'logs']) rmSync(join(directory, '.git', name), { recursive: true, force: true });
  } else await removeGitDirs(directory);
  if (seconds !== undefined) await setTimes(directory, BigInt(seconds) * 1_000_000_000n);
}

async function initialize(git: Git, url: GitUrl, directory: string, signal: AbortSignal): Promise<void> {
  const run = { action: 'make a git repository', cwd: directory, signal };
  await git.run(['init', '--quiet'], run);
  await git.run(['remote', 'add', 'origin', addressOf(url)], run);
}

async function fetchCommit(git: Git, url: GitUrl, resolved: ResolvedCommit, directory: string, signal: AbortSignal): Promise<void> {
  const { commit, ref } = resolved;
  const action = `fetch ${commit} of ${withoutPassword(url.remote)}`;
  const shallow = ['fetch', '--quiet', '--depth=1', '--no-tags', '--no-recurse-submodules', 'origin'];
  const run = { action, cwd: directory, signal };
  try {
    // By its name where it has one: it stays there for those who keep .git.
    await git.run([...shallow, ref === undefined ? commit : `+${ref}:${localName(ref)}`], run);
    if (await hasCommit(git, commit, directory, signal)) return;
    // It has moved since it was looked up.
    await git.run([...shallow, commit], run);
  } catch (error) {
    if (!hasCode(error, 'FETCH_FAILED')) throw error;
    // A server that knows neither depth nor single commits.
    await fetchAll(git, url, directory, signal).catch(() => {
      throw error;
    });
    if (!(await hasCommit(git, commit, directory, signal))) throw error;
  }
}

function localName(ref: string): string {
  return ref.startsWith('refs/heads/') ? `refs/remotes/origin/${ref.slice('refs/heads/'.length)}` : ref;
}

async function hasCommit(git: Git, commit: string, cwd: string, signal: AbortSignal): Promise<boolean> {
  try {
    await git.run(['cat-file', '-e', `${commit}^{commit}`], { action: `look for ${commit}`, cwd, signal });
    return true;
  } catch (error) {
    if (hasCode(error, 'FETCH_FAILED')) return false;
    throw error;
  }
}

async function fetchAll(git: Git, url: GitUrl, cwd: string, signal: AbortSignal): Promise<void> {
  const action = `fetch the history of ${withoutPassword(url.remote)}`;
  const refs = ['+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*'];
  await git.run(['fetch', '--quiet', '--no-recurse-submodules', 'origin', ...refs], { action, cwd, signal });
}

/**
 * What git is told to connect to: passwords go another way, since a repository, its messages and the list of processes show this. For ssh the
 * user is a part of the place, and it takes no password from there.
 */
function addressOf({ protocol, remote }: GitUrl): string {
  return protocol === 'ssh' ? remote.replace(/^(ssh:\/\/[^:@/?#]*):[^/?#]*@/i, '$1@') : withoutPassword(remote);
}

/** Those of submodules too. No repository holds a file of this name: git refuses it. */
async function removeGitDirs(directory: string): Promise<void> {
  rmSync(join(directory, '.git'), { recursive: true, force: true });
  for (const path of await pathsBelow(directory)) {
    if (path.subarray(-5).equals(Buffer.from('/.git')))
      rmSync(Buffer.concat([Buffer.from(`${directory}/`), path]), { recursive: true, force: true });
  }
}

async function setTimes(directory: string, timeNs: bigint): Promise<void> {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    for (const path of await pathsBelow(directory)) utimensat(fd, path, timeNs, timeNs);
    utimensat(fd, '.', timeNs, timeNs);
  } finally {
    closeSync(fd);
  }
}

async function pathsBelow(directory: string): Promise<readonly Buffer[]> {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return [...(await walk(fd))].map(({ path }) => Buffer.from(path));
  } finally {
    closeSync(fd);
  }
}
