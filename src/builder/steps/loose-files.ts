import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TsbuildError } from '../../errors.js';
import { withoutPassword } from '../../parser/index.js';
import { sha256Hex } from '../../sha256.js';
import type { StepSource } from '../graph/index.js';
import { definitionOf } from './step-definition.js';
import type { SelectionEntry } from './step-key.js';
import type { Downloaded, Toolbox } from './toolbox.js';

/** What ADD fetched does not have the digest that --checksum promised. */
export class ChecksumMismatchError extends TsbuildError {
  readonly code = 'DIGEST_MISMATCH';
  constructor(
    readonly url: string,
    readonly expected: string,
    readonly actual: string,
  ) {
    super(`digest mismatch of ${url}: expected ${expected}, got ${actual}`, {
      hint: 'Check the URL, then the --checksum; without one it has changed meanwhile: build again',
    });
  }
}

/** Sources that lie in no tree, as files in a directory of their own: heredocs and what was downloaded. */
export interface LooseFiles {
  /** Names in the directory, in the order of the sources. */
  readonly names: readonly string[];
  /** Over names and contents. */
  readonly digest: string;
  readonly entries: readonly SelectionEntry[];
  /** The directory, with what was not downloaded before since it was known. */
  fetch(signal: AbortSignal): Promise<string>;
}

/** One of them; `fetch` is there when the file is not. */
interface LooseFile {
  readonly digest: string;
  readonly sizeBytes: number;
  readonly modeBits: number;
  readonly fetch?: (signal: AbortSignal) => Promise<void>;
}

const SHOWN_END = 'sha256:'.length + 16;
const TEXT_MODE = 0o644;
const DOWNLOAD_MODE = 0o600;
const S_IFREG = 0o100000;
// BuildKit's name in policies.
const CHECKSUM = 'http.checksum';
let made = 0;

/**
 * Makes the files of an instruction's loose sources; undefined if it has none. What is on the web is fetched only when its digest is not
 * known by a checksum, nor by what the server says of an earlier download.
 *
 * @param checksum `sha256:<hex>` the one downloaded file must have
 * @throws {ChecksumMismatchError}
 */
export async function makeLooseFiles(
  sources: readonly StepSource[],
  checksum: string | undefined,
  toolbox: Toolbox,
  signal: AbortSignal,
): Promise<LooseFiles | undefined> {
  const loose = sources.filter((source) => source.kind === 'text' || source.kind === 'url');
  if (loose.length === 0) return undefined;
  const directory = join(await toolbox.store.scratch.dir(), `loose-${made++}`);
  mkdirSync(directory);
  const names: string[] = [];
  const files: LooseFile[] = [];
  for (const source of loose) {
    const name = (source.kind === 'text' ? source.name : nameOf(source.url)).replaceAll('/', '_');
    const path = join(directory, name);
    files.push(
      source.kind === 'text'
        ? writeText(path, source.content, toolbox)
        : await learnDownload({ path, url: source.url, checksum }, toolbox, signal),
    );
    names.push(name);
  }
  const hash = createHash('sha256');
  for (const [at, { digest }] of files.entries()) hash.update(`${names[at]!.length}:${names[at]} ${digest}\n`);
  return {
    names,
    entries: files.map(({ digest, sizeBytes, modeBits }, at) => ({
      path: names[at]!,
      mode: S_IFREG | modeBits,
      size: sizeBytes,
      content: digest.slice('sha256:'.length, SHOWN_END),
      owner: '',
    })),
    digest: `sha256:${hash.digest('hex')}`,
    async fetch(fetchSignal) {
      for (const { fetch } of files) await fetch?.(fetchSignal);
      return directory;
    },
  };
}

function writeText(path: string, content: string, toolbox: Toolbox): LooseFile {
  const now = new Date(toolbox.now());
  writeFileSync(path, content, { mode: TEXT_MODE });
  utimesSync(path, now, now);
  const digest = `sha256:${sha256Hex(content)}`;
  return { digest, sizeBytes: Buffer.byteLength(content), modeBits: TEXT_MODE };
}

interface DownloadRequest {
  readonly path: string;
  readonly url: string;
  readonly checksum: string | undefined;
}

/** The policy may ask for another URL, and for a digest where the instruction does not. */
async function learnDownload({ path, url, checksum }: DownloadRequest, toolbox: Toolbox, signal: AbortSignal): Promise<LooseFile> {
  const admitted = toolbox.admitSource({ identifier: url, attrs: checksum === undefined ? {} : { [CHECKSUM]: checksum } });
  const from = admitted.identifier;
  const expected = admitted.attrs[CHECKSUM];
  const memory = downloadMemory(from, toolbox);
  const known = memory.known();
  const modeBits = DOWNLOAD_MODE;
  const fetch = async (digest: string, fetchSignal: AbortSignal): Promise<void> => {
    if (existsSync(path)) return;
    const fetched = await toolbox.download(from, { file: path, signal: fetchSignal });
    if (fetched === 'unchanged') throw new TypeError('A download without a condition brings the file');
    await memory.learn(fetched);
    if (fetched.digest !== digest) throw new ChecksumMismatchError(withoutPassword(from), digest, fetched.digest);
  };
  if (expected !== undefined) {
    // Who knows what must be there need not ask.
    const sizeBytes = known?.digest === expected ? known.sizeBytes : 0;
    return { digest: expected, sizeBytes, modeBits, fetch: (fetchSignal) => fetch(expected, fetchSignal) };
  }
  const fetched = await toolbox.download(from, { file: path, unless: known?.marks, signal });
  if (fetched === 'unchanged' && known !== undefined)
    return { ...known, modeBits, fetch: (fetchSignal) => fetch(known.digest, fetchSignal) };
  if (fetched === 'unchanged') throw new TypeError('A download without a condition brings the file');
  await memory.learn(fetched);
  return { ...fetched, modeBits };
}

interface DownloadMemory {
  known(): Downloaded | undefined;
  learn(download: Downloaded): Promise<void>;
}

/** What a URL gave last, kept as a record of the cache; the URL itself is not in it. */
function downloadMemory(url: string, { store, cache, now }: Toolbox): DownloadMemory {
  const definition = definitionOf('download', { url });
  const parent = definitionOf('download', {});
  return {
    known() {
      const record = cache.writeOnly ? undefined : store.cache.find(definition, parent);
      if (record === undefined) return undefined;
      const { content, sizeBytes, etag, lastModified } = record.result;
      if (typeof content !== 'string' || !/^[0-9a-f]{64}$/.test(content) || typeof sizeBytes !== 'number') return undefined;
      store.cache.touch(record, new Date(now()));
      const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
      return { digest: `sha256:${content}`, sizeBytes, marks: { etag: textOf(etag), lastModified: textOf(lastModified) } };
    },
    async learn({ digest, sizeBytes, marks }) {
      // Not as a digest: it is no blob of this store.
      const result = { content: digest.slice('sha256:'.length), sizeBytes, ...marks };
      await store.cache.put({ definition, parent, inputs: {}, result, createdAt: now() });
    },
  };
}

/** The last part of the path; BuildKit's name when there is none. */
function nameOf(url: string): string {
  const last = new URL(url).pathname.split('/').at(-1) ?? '';
  // A percent sign that begins no escape is kept as it is.
  const name = /%(?![0-9A-Fa-f]{2})/.test(last)
    ? last
    : Buffer.from(
        last.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
        'latin1',
      ).toString();
  return name === '' || name === '.' || name === '..' ? '__unnamed__' : name;
}
