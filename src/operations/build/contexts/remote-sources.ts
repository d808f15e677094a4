import { closeSync, constants, existsSync, mkdirSync, openSync, readlinkSync, readSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Confidants, Downloaded, DownloadOptions } from '../../../builder/steps/index.js';
import { type Context, ContextError, type ContextSource, openContext } from '../../../context/index.js';
import { hasCode, UsageError } from '../../../errors.js';
import { ARCHIVE_HEAD_BYTES } from '../../../layers/index.js';
import { type GitUrl, withoutPassword } from '../../../parser/index.js';
import { userInfoOf } from '../../../registry/index.js';
import {
  checkOut,
  describeUnpacked,
  downloadFile,
  Git,
  type ResolvedCommit,
  resolveCommit,
  unpackArchive,
} from '../../../sources/index.js';
import type { Store } from '../../../store/index.js';
import { closeFd, O_PATH, openat2, RESOLVE_BENEATH, RESOLVE_NO_MAGICLINKS } from '../../../sys/index.js';
import type { Services } from '../../context.js';
import { readCertificates } from '../../registry-access.js';
import type { SourceGate } from '../source-gate.js';

export interface RemoteSourcesOptions {
  readonly store: Store;
  readonly gate: SourceGate;
  readonly confidants: Confidants;
  readonly services: Services;
}

/** What was asked for on the command line may use the user's own agent; what a Containerfile asks for, only one that was given. */
type AskedBy = 'user' | 'containerfile';

/** Never more than this of one source, nor more than nine tenths of what is free where the store is. */
const MAX_BYTES = 64 * 2 ** 30;

/** What one build fetches from elsewhere, each thing once. All of it lies in the store's scratch directory and goes with the build. */
export class RemoteSources {
  readonly #options: RemoteSourcesOptions;
  readonly #repositories = new Map<string, Promise<ContextSource>>();
  readonly #opened: Promise<Context>[] = [];
  readonly #ended = new AbortController();
  readonly #signal: AbortSignal;
  #made = 0;
  #directory: Promise<string> | undefined;
  readonly #closers: (() => Promise<void>)[] = [];

  constructor(options: RemoteSourcesOptions) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.services.signal, this.#ended.signal]);
  }

  /** Stops what is under way and closes what is open. */
  async close(): Promise<void> {
    this.#ended.abort();
    for (const opened of this.#opened) await (await opened.catch(() => undefined))?.close();
    for (const close of this.#closers) await close();
  }

  /** The file a URL leads to; the policy has admitted it. */
  async download(url: string, { file, unless, signal }: DownloadOptions): Promise<Downloaded | 'unchanged'> {
    const { services } = this.#options;
    return downloadFile({
      url,
      file,
      unless,
      limitBytes: this.#room(),
      ca: readCertificates(services),
      proxies: services.settings.proxies,
      authorization: this.#webAuthorization(url),
      signal,
    });
  }

  /** A git repository, or what the policy puts in its place. Its commit is asked for now, its files are fetched when they are needed. */
  async openRepository(asked: GitUrl, askedBy: AskedBy, signal: AbortSignal): Promise<ContextSource> {
    const { text: _, ...url } = { ...this.#options.gate.repository(asked) };
    const name = JSON.stringify([url, askedBy]);
    const source = this.#repositories.get(name) ?? this.#resolve({ ...url, text: asked.text }, askedBy);
    this.#repositories.set(name, source);
    return unlessAborted(source, signal);
  }

  /** What a URL leads to, as a directory: an archive unpacked, any other file under its name. */
  async fetchDirectory(url: string, signal: AbortSignal): Promise<{ readonly directory: string; readonly file: string | undefined }> {
    const { identifier, attrs } = this.#options.gate.source({ identifier: url, attrs: {} });
    const path = await this.newPath();
    mkdirSync(path);
    const file = join(path, nameIn(identifier));
    const fetched = await this.download(identifier, { file, signal: AbortSignal.any([signal, this.#signal]) });
    const expected = attrs['http.checksum'];
    if (fetched !== 'unchanged' && expected !== undefined && fetched.digest !== expected)
      throw new UsageError(`digest mismatch of ${withoutPassword(identifier)}: expected ${expected}, got ${fetched.digest}`);
    const directory = await this.newPath();
    mkdirSync(directory);
    const isUnpacked = await this.unpack(file, withoutPassword(identifier), directory, signal);
    return isUnpacked ? { directory, file: undefined } : { directory: path, file };
  }

  /** False when the file is no archive. @throws {ContextError} it is one that cannot be unpacked */
  async unpack(file: string, name: string, directory: string, signal: AbortSignal): Promise<boolean> {
    const { createReadStream } = await import('node:fs');
    const bytes = createReadStream(file, { highWaterMark: 256 * 1024 });
    return this.unpackStream({ head: headOf(file), bytes }, name, directory, signal);
  }

  async unpackStream(
    archive: { readonly head: Uint8Array; readonly bytes: AsyncIterable<Uint8Array> },
    name: string,
    directory: string,
    signal: AbortSignal,
  ): Promise<boolean> {
    try {
      return await unpackArchive({ ...archive, name, directory, limitBytes: this.#room(), signal });
    } catch (error) {
      const problem = describeUnpacked(error);
      if (problem === undefined) throw error;
      throw new ContextError(`Cannot unpack ${name}: ${problem}`, { cause: error });
    }
  }

  /** A path in the scratch directory where nothing is yet. */
  async newPath(): Promise<string> {
    this.#directory ??= this.#options.store.scratch.dir().then((scratch) => {
      const directory = join(scratch, `sources-${process.hrtime.bigint()}`);
      mkdirSync(directory, { mode: 0o700 });
      return directory;
    });
    return join(await this.#directory, String(this.#made++));
  }

  async #resolve(url: GitUrl, askedBy: AskedBy): Promise<ContextSource> {
    const git = await this.#git(url, askedBy);
    const resolved = await resolveCommit(git, url, await this.newPath(), this.#signal);
    let opened: Promise<Context> | undefined;
    return {
      revision: revisionOf(url, resolved),
      keyedByRevision: url.keepGitDir === true,
      open: (signal) => {
        if (opened === undefined) {
          opened = this.#checkOut(git, url, resolved).then((place) => openContext({ ...place, ownIgnoreFiles: false }));
          this.#opened.push(opened);
        }
        return unlessAborted(opened, signal);
      },
    };
  }

  /** The directory of a repository's files that are meant; the policy has its say. */
  async fetchRepository(asked: GitUrl, signal: AbortSignal): Promise<string> {
    const { directory } = await this.#fetch(this.#options.gate.repository(asked), 'user', AbortSignal.any([signal, this.#signal]));
    return directory;
  }

  async #fetch(url: GitUrl, askedBy: AskedBy, signal: AbortSignal): Promise<{ readonly directory: string; readonly place: string }> {
    const git = await this.#git(url, askedBy);
    return this.#checkOut(git, url, await resolveCommit(git, url, await this.newPath(), signal));
  }

  async #checkOut(git: Git, url: GitUrl, resolved: ResolvedCommit): Promise<{ readonly directory: string; readonly place: string }> {
    const directory = await this.newPath();
    await checkOut(git, url, resolved, directory, this.#signal);
    const place = `the repository ${withoutPassword(url.text)}`;
    return { directory: directoryBelow(directory, url.subdir, place), place };
  }

  async #git(url: GitUrl, askedBy: AskedBy): Promise<Git> {
    const { settings } = this.#options.services;
    const home = await this.newPath();
    mkdirSync(home, { mode: 0o700 });
    const ownKnownHosts = settings.home === undefined ? [] : [join(settings.home, '.ssh/known_hosts')];
    return new Git({
      searchPath: settings.environment.PATH,
      home,
      proxies: settings.proxies,
      headers: this.#gitHeaders(url),
      authorities: await this.#authorities(),
      sshAgent: url.protocol === 'ssh' ? await this.#sshAgent(askedBy) : undefined,
      knownHosts: [...ownKnownHosts, '/etc/ssh/ssh_known_hosts'].filter((file) => existsSync(file)),
      maxFileBytes: this.#room(),
    });
  }

  /** One file of all authorities, which git takes in place of the system's; undefined when the user names none. */
  async #authorities(): Promise<string | undefined> {
    const own = readCertificates(this.#options.services);
    if (own.length === 0) return undefined;
    const { readTrustedAuthorities } = await import('../../../registry/index.js');
    const file = await this.newPath();
    writeFileSync(file, (await readTrustedAuthorities(own)).join('\n'));
    return file;
  }

  async #sshAgent(askedBy: AskedBy): Promise<string | undefined> {
    const { confidants, services } = this.#options;
    const agent = await confidants.openSshAgent('default');
    if (agent === undefined) return askedBy === 'user' ? services.settings.environment.SSH_AUTH_SOCK : undefined;
    this.#closers.push(() => agent.close());
    return `/proc/${process.pid}/fd/${agent.socket}`;
  }

  /** BuildKit's secrets for git; a user and password in the URL go before them. Only a secret named for its host is sent unencrypted. */
  #gitHeaders({ protocol, remote }: GitUrl): readonly { readonly scope: string; readonly value: string }[] {
    if (!protocol.startsWith('http')) return [];
    const url = new URL(remote);
    const { origin, host } = url;
    const scope = `${origin}/`;
    const basic = (text: string): string => `basic ${Buffer.from(text).toString('base64')}`;
    const userInfo = userInfoOf(url);
    if (userInfo !== undefined) return [{ scope, value: basic(userInfo) }];
    const suffixes = protocol === 'https' ? [`.${host}`, ''] : [`.${host}`];
    for (const suffix of suffixes) {
      const header = this.#secret(`GIT_AUTH_HEADER${suffix}`);
      if (header !== undefined) return [{ scope, value: header }];
      const token = this.#secret(`GIT_AUTH_TOKEN${suffix}`);
      if (token !== undefined) return [{ scope, value: basic(`x-access-token:${token}`) }];
    }
    return [];
  }

  #webAuthorization(url: string): string | undefined {
    const { host } = new URL(url);
    const token = this.#secret(`HTTP_AUTH_TOKEN_${host}`);
    return this.#secret(`HTTP_AUTH_HEADER_${host}`) ?? (token === undefined ? undefined : `Bearer ${token}`);
  }

  #secret(id: string): string | undefined {
    const bytes = this.#options.confidants.secret(id);
    const text = bytes === undefined ? undefined : Buffer.from(bytes).toString().trim();
    if (text !== undefined && /[\r\n\0]/.test(text)) throw new UsageError(`the secret "${id}" is no header: it has several lines`);
    return text;
  }

  #room(): number {
    const { bavail, bsize } = statfsSync(this.#options.store.root);
    return Math.min(MAX_BYTES, Math.floor(bavail * bsize * 0.9));
  }
}

/** A repository by what decides its files: nothing of where it lies. */
function revisionOf({ subdir, submodules, keepGitDir, remote }: GitUrl, { commit, ref }: ResolvedCommit): string {
  // With .git, the names of the branch and of the place are among the files; submodules may be relative to the place.
  const rest = keepGitDir === true ? [withoutPassword(remote), ref ?? ''] : submodules === false ? [] : [withoutPassword(remote)];
  return JSON.stringify(['git', commit, subdir ?? '', submodules !== false, ...rest]);
}

/** @throws {ContextError} it is not there, is no directory, or lies outside of `directory` */
function directoryBelow(directory: string, subdir: string | undefined, place: string): string {
  const path = (subdir ?? '').replace(/^\/+/, '');
  if (path === '') return directory;
  const root = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const fd = openat2(root, path, { flags: O_PATH | constants.O_DIRECTORY, resolve: RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS });
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } finally {
      closeFd(fd);
    }
  } catch (error) {
    const isOutside = hasCode(error, 'EXDEV') || hasCode(error, 'ELOOP');
    const problem = isOutside ? 'leads out of it' : 'is not there, or is no directory';
    throw new ContextError(`Cannot use ${place}: the directory ${JSON.stringify(subdir)} ${problem}`, { cause: error });
  } finally {
    closeSync(root);
  }
}

function headOf(file: string): Uint8Array {
  const fd = openSync(file, 'r');
  try {
    const head = Buffer.alloc(ARCHIVE_HEAD_BYTES);
    return head.subarray(0, readSync(fd, head, 0, head.length, 0));
  } finally {
    closeSync(fd);
  }
}

/** The last part of the path. */
function nameIn(url: string): string {
  const name = new URL(url).pathname.split('/').at(-1) ?? '';
  return name === '' || name === '.' || name === '..' ? 'context' : name;
}

/** Several steps may wait for one thing; who is told to stop does not stop it for the others. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let stop = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
