import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TsbuildError } from '../../errors.js';
import type { StepSource } from '../graph/index.js';
import type { SelectionEntry } from './step-key.js';
import type { Toolbox } from './toolbox.js';

/** What ADD fetched does not have the digest that --checksum promised. */
export class ChecksumMismatchError extends TsbuildError {
  readonly code = 'DIGEST_MISMATCH';
  constructor(
    readonly url: string,
    readonly expected: string,
    readonly actual: string,
  ) {
    super(`digest mismatch of ${url}: expected ${expected}, got ${actual}`, { hint: 'Check the URL, then the --checksum' });
  }
}

/** Sources that lie in no tree, as files in a directory of their own: heredocs and what was downloaded. */
export interface LooseFiles {
  readonly directory: string;
  /** Names in the directory, in the order of the sources. */
  readonly names: readonly string[];
  /** Over names and contents. */
  readonly digest: string;
  readonly entries: readonly SelectionEntry[];
}

const SHOWN_END = 'sha256:'.length + 16;
const TEXT_MODE = 0o644;
const DOWNLOAD_MODE = 0o600;
// BuildKit's names in policies.
const CHECKSUM = 'http.checksum';
const FULL_URL = 'git.fullurl';
let made = 0;

/**
 * Makes the files of an instruction's loose sources; undefined if it has none.
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
  for (const source of sources) {
    // A repository is what its policy says before it is one that cannot be fetched.
    if (source.kind === 'git') toolbox.admitSource({ identifier: source.url, attrs: { [FULL_URL]: source.url } });
  }
  const loose = sources.filter((source) => source.kind === 'text' || source.kind === 'url');
  if (loose.length === 0) return undefined;
  const directory = join(await toolbox.store.scratch.dir(), `loose-${made++}`);
  mkdirSync(directory);
  const hash = createHash('sha256');
  const names: string[] = [];
  const entries: SelectionEntry[] = [];
  for (const source of loose) {
    const name = (source.kind === 'text' ? source.name : nameOf(source.url)).replaceAll('/', '_');
    const file = join(directory, name);
    const digest =
      source.kind === 'text' ? writeText(file, source.content, toolbox) : await fetchAdmitted(file, source.url, checksum, toolbox, signal);
    hash.update(`${name.length}:${name} ${digest}\n`);
    names.push(name);
    const { mode, size } = statSync(file);
    entries.push({
      path: name,
      mode,
      size,
      content: digest.slice('sha256:'.length, SHOWN_END),
      owner: '',
    });
  }
  return { directory, names, entries, digest: `sha256:${hash.digest('hex')}` };
}

function writeText(file: string, content: string, toolbox: Toolbox): string {
  const now = new Date(toolbox.now());
  writeFileSync(file, content, { mode: TEXT_MODE });
  utimesSync(file, now, now);
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

/** The policy may ask for another URL, and for a digest where the instruction does not. */
async function fetchAdmitted(
  file: string,
  url: string,
  checksum: string | undefined,
  toolbox: Toolbox,
  signal: AbortSignal,
): Promise<string> {
  const admitted = toolbox.admitSource({ identifier: url, attrs: checksum === undefined ? {} : { [CHECKSUM]: checksum } });
  const digest = await fetchTo(file, admitted.identifier, toolbox, signal);
  const expected = admitted.attrs[CHECKSUM];
  if (expected !== undefined && digest !== expected) throw new ChecksumMismatchError(admitted.identifier, expected, digest);
  return digest;
}

async function fetchTo(file: string, url: string, toolbox: Toolbox, signal: AbortSignal): Promise<string> {
  const { bytes, lastModified } = await toolbox.download(url, signal);
  const { pipeline } = await import('node:stream/promises');
  await pipeline(bytes, createWriteStream(file, { mode: DOWNLOAD_MODE }), { signal });
  const time = lastModified ?? new Date(0);
  utimesSync(file, time, time);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return `sha256:${hash.digest('hex')}`;
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
