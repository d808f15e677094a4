import { withoutPassword } from '../url-passwords.js';
import { Fault } from './fragment.js';

/** A git repository, and what of it is meant. */
export interface GitUrl {
  /** As it was written. */
  readonly text: string;
  /** What git is given: neither fragment nor query; it may hold a user and a password. */
  readonly remote: string;
  readonly protocol: 'http' | 'https' | 'ssh' | 'git';
  /** Branch, tag, `refs/...` or commit; undefined: the default branch. */
  readonly ref: string | undefined;
  /** Directory in the repository; undefined: all of it. */
  readonly subdir: string | undefined;
  /** The commit that must be found, or its first digits. */
  readonly checksum: string | undefined;
  readonly keepGitDir: boolean | undefined;
  /** Default true. */
  readonly submodules: boolean | undefined;
  /** Which time the files get: default that of the checkout. */
  readonly mtime: 'checkout' | 'commit' | undefined;
}

const WITH_SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s;
const LIKE_SCP = /^([A-Za-z0-9_-]+)@([A-Za-z0-9.-]+):([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s;
/** A host, or after `host:` a path, that ssh or a program on the other side would take for an option. */
const HIDDEN_OPTION = /^[^/]*:\/\/(?:[^/]*@)?-|^[^/]*@-|^[^/]*@[^/]*:-/;
const PROTOCOLS = ['http', 'https', 'ssh', 'git'] as const;

/**
 * Reads the forms of a git URL that BuildKit knows: `https://HOST/PATH.git`, `http://`, `ssh://`, `git://` and `user@host:path`, with
 * `#REF:SUBDIR`, or with `?ref= &tag= &branch= &subdir= &checksum= &commit= &keep-git-dir= &submodules= &mtime= &fetch-by-commit=`.
 *
 * @returns undefined when the text is no git URL: an http(s) URL without `.git`, a path
 * @throws {Fault} a git URL whose query or ref cannot be meant
 * @see https://docs.docker.com/build/concepts/context/#url-queries
 */
export function parseGitUrl(text: string): GitUrl | undefined {
  // Expressions take long to make for what most files are: paths.
  if (!text.includes(':')) return undefined;
  const url = WITH_SCHEME.exec(text);
  const match = url ?? LIKE_SCP.exec(text);
  if (match === null) return undefined;
  const protocol = url === null ? 'ssh' : PROTOCOLS.find((name) => name === url[1]?.toLowerCase());
  if (protocol === undefined) return undefined;
  const [query = '', fragment = ''] = url === null ? match.slice(4) : match.slice(3);
  const remote = url === null ? `${match[1]}@${match[2]}:${match[3]}` : `${protocol}://${match[2]}`;
  if (protocol.startsWith('http') && !decoded(match[2] ?? '').endsWith('.git')) return undefined;
  // Git refuses most of these itself; none of them is to reach it.
  if (/[\s\p{Cc}]/u.test(remote) || HIDDEN_OPTION.test(remote))
    throw new Fault(`invalid git URL ${JSON.stringify(withoutPassword(remote))}`);
  const [ref = '', ...subdir] = decoded(fragment).split(':');
  return checked({
    text,
    remote,
    protocol,
    ...withQuery(query, { ref: ref === '' ? undefined : ref, subdir: subdir.length === 0 ? undefined : subdir.join(':') }),
  });
}

type Wanted = Omit<GitUrl, 'text' | 'remote' | 'protocol'>;

function withQuery(query: string, fragment: { readonly ref: string | undefined; readonly subdir: string | undefined }): Wanted {
  const values = readQuery(query);
  const value = (name: string): string | undefined => values.get(name);
  const tag = prefixed(value('tag'), 'refs/tags/');
  const branch = prefixed(value('branch'), 'refs/heads/');
  if (tag !== undefined && branch !== undefined) throw new Fault('branch conflicts with tag');
  const commit = one('checksum', value('checksum'), value('commit'));
  const fetchByCommit = readBoolean('fetch-by-commit', values) ?? false;
  if (fetchByCommit && commit === undefined) throw new Fault('fetch-by-commit requires checksum');
  const ref = one('ref', one('ref', fragment.ref, value('ref')), tag ?? branch);
  const mtime = value('mtime');
  if (mtime !== undefined && mtime !== 'checkout' && mtime !== 'commit')
    throw new Fault(`invalid mtime value: ${JSON.stringify(mtime)}`, undefined, 'It is checkout or commit');
  return {
    ref: fetchByCommit ? commit : (ref ?? commit),
    subdir: one('subdir', fragment.subdir, value('subdir')),
    checksum: commit,
    keepGitDir: readBoolean('keep-git-dir', values),
    submodules: readBoolean('submodules', values),
    mtime,
  };
}

const NAMES = ['ref', 'tag', 'branch', 'subdir', 'checksum', 'commit', 'keep-git-dir', 'submodules', 'mtime', 'fetch-by-commit'];
/** These alone say yes. */
const BARE = ['keep-git-dir', 'submodules', 'fetch-by-commit'];

function readQuery(query: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    if (!NAMES.includes(name)) throw new Fault(`unexpected query ${JSON.stringify(name)}`, undefined, `Known are ${NAMES.join(', ')}`);
    if (values.has(name)) throw new Fault(`query ${JSON.stringify(name)} has multiple values`);
    if (value === '' && !BARE.includes(name)) throw new Fault(`query ${JSON.stringify(name)} has no value`);
    values.set(name, value);
  }
  return values;
}

function readBoolean(name: string, values: ReadonlyMap<string, string>): boolean | undefined {
  const value = values.get(name);
  if (value === undefined) return undefined;
  // Go's strconv.ParseBool
  if (['', '1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return false;
  throw new Fault(`invalid ${name} value: ${JSON.stringify(value)}`);
}

function one(name: string, first: string | undefined, second: string | undefined): string | undefined {
  if (first !== undefined && second !== undefined && first !== second)
    throw new Fault(`${name} conflicts: ${JSON.stringify(first)} vs ${JSON.stringify(second)}`);
  return first ?? second;
}

function prefixed(name: string | undefined, prefix: string): string | undefined {
  return name === undefined || name.startsWith(prefix) ? name : `${prefix}${name}`;
}

function checked(url: GitUrl): GitUrl {
  if (url.ref !== undefined && isNoRef(url.ref)) throw new Fault(`invalid git ref ${JSON.stringify(url.ref)}`);
  checkCommit(url.checksum);
  return url;
}

/** @throws {Fault} neither a commit nor the beginning of one */
export function checkCommit(checksum: string | undefined): void {
  if (checksum !== undefined && !/^(?:[0-9a-f]{7,40}|[0-9a-f]{64})$/.test(checksum))
    throw new Fault(
      `invalid checksum ${JSON.stringify(checksum)}: a commit is meant`,
      undefined,
      'Give its 40 digits, or at least 7 of them',
    );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** @see https://git-scm.com/docs/git-check-ref-format */
function isNoRef(ref: string): boolean {
  return /^[-/.]|[\p{Cc} ~^:?*[\\]|\.\.|@\{|\/\/|\/\.|\.lock(\/|$)|[/.]$|^@$/u.test(ref);
}
