import { createHash, type Hash } from 'node:crypto';
import { closeSync, constants, readSync } from 'node:fs';
import type { SelectedEntry, SelectedSource } from '../../context/index.js';
import { sha256Hex } from '../../sha256.js';
import { type CopyEntry, type Fd, getXattr, listXattrs, openat2, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS } from '../../sys/index.js';
import { type GoTarHeader, goTarHeader } from './go-tar-header.js';

/** Who a copied file belongs to, and its mode, where the copy says so. */
export interface AddedAttributes {
  /** Undefined: the sources' own. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  /** Octal digits or symbolic, `--chmod`. */
  readonly chmod: string | undefined;
  /** The sources were downloaded: their times count, and nobody says `file:` of them. */
  readonly downloaded: boolean;
}

const S_IFMT = 0o170000;
const TYPES: ReadonlyMap<number, GoTarHeader['type']> = new Map([
  [0o100000, 'file'],
  [0o040000, 'directory'],
  [0o120000, 'link'],
  [0o010000, 'fifo'],
  [0o020000, 'character'],
  [0o060000, 'block'],
]);
const BLOCK_BYTES = 512;
const CHUNK_BYTES = 1 << 20;

/**
 * The digest that Buildah's `copy` and `add` print: of a tar for each source, in which its files stand as they will be in the container,
 * without times; of several sources, of these digests.
 *
 * @see https://github.com/containers/buildah/blob/main/digester.go
 */
export class AddedDigest {
  readonly #digests: string[] = [];
  #isKnown = true;

  /** What was unpacked from archives, or came in a way that Buildah does not have: there is no such digest. */
  giveUp(): void {
    this.#isKnown = false;
  }

  /**
   * @param root that the sources' paths are relative to
   * @param placed where each of their entries goes, in order
   */
  add(root: Fd, sources: readonly SelectedSource[], placed: Iterable<CopyEntry>, attributes: AddedAttributes): void {
    if (!this.#isKnown) return;
    const places = placed[Symbol.iterator]();
    for (const source of sources) {
      const files: AddedFile[] = [];
      for (const entry of source.entries) {
        if (source.isDirectory && entry.path.length === 0) continue;
        const place = places.next().value as CopyEntry;
        const name = source.isDirectory ? entry.path : lastName(place.to as Buffer);
        files.push({ name, path: place.from as Buffer, mode: place.mode ?? entry.stat.mode & 0o7777, entry });
      }
      const kind = attributes.downloaded ? '' : source.isDirectory ? 'dir:' : 'file:';
      this.#digests.push(`${kind}${digestOf(root, files, attributes)}`);
    }
  }

  /** `file:HEX`, `dir:HEX`, `multi:HEX`, of a download only its digits; undefined where it is not known. */
  get value(): string | undefined {
    const [only, ...others] = this.#digests;
    if (!this.#isKnown || only === undefined) return undefined;
    if (others.length === 0) return only;
    return `multi:${sha256Hex(this.#digests.join(','))}`;
  }
}

interface AddedFile {
  readonly name: Buffer;
  readonly path: Buffer;
  readonly mode: number;
  readonly entry: SelectedEntry;
}

function digestOf(root: Fd, files: readonly AddedFile[], attributes: AddedAttributes): string {
  const hash = createHash('sha256');
  const linked = new Map<string, Buffer>();
  for (const file of [...files].sort((a, b) => Buffer.compare(walkOrder(a.name), walkOrder(b.name)))) {
    const { stat, linkTarget } = file.entry;
    const type = TYPES.get(stat.mode & S_IFMT);
    if (type === undefined) continue;
    const inode = type === 'file' && stat.nlink > 1 ? `${stat.dev}:${stat.ino}` : undefined;
    const first = inode === undefined ? undefined : linked.get(inode);
    if (inode !== undefined && first === undefined) linked.set(inode, file.name);
    const isData = type === 'file' && first === undefined;
    const fd = isData || type === 'directory' ? openat2(root, file.path, READING) : undefined;
    try {
      const header: GoTarHeader = {
        name: type === 'directory' ? Buffer.concat([file.name, Buffer.from('/')]) : file.name,
        type: first === undefined ? type : 'hardlink',
        mode: octal(attributes.chmod) ?? file.mode,
        uid: attributes.owner?.uid ?? stat.uid,
        gid: attributes.owner?.gid ?? stat.gid,
        size: isData ? Number(stat.size) : 0,
        mtimeSeconds: attributes.downloaded ? Number(stat.mtimeNs / 1_000_000_000n) : 0,
        linkName: first ?? linkTarget ?? Buffer.alloc(0),
        device: { major: stat.rdevMajor, minor: stat.rdevMinor },
        xattrs: fd === undefined ? new Map() : keptXattrs(fd),
      };
      hash.update(goTarHeader(header));
      if (isData && fd !== undefined) hashContent(fd, header.size, hash);
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }
  return hash.update(Buffer.alloc(2 * BLOCK_BYTES)).digest('hex');
}

const READING = {
  flags: constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
  resolve: RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
};

/** As Go walks: a directory, then all of it, then the next name, so that the separator comes before every other byte. */
function walkOrder(name: Buffer): Buffer {
  return Buffer.from(name.map((byte) => (byte === 0x2f ? 0 : byte)));
}

function lastName(path: Buffer): Buffer {
  return path.subarray(path.lastIndexOf('/') + 1);
}

/** Buildah gives octal modes to links as well. */
function octal(chmod: string | undefined): number | undefined {
  return chmod !== undefined && /^[0-7]+$/.test(chmod) ? Number.parseInt(chmod, 8) : undefined;
}

/** The attributes that Buildah copies. */
function keptXattrs(fd: Fd): Map<string, Buffer> {
  const names = listXattrs(fd)
    .map((name) => name.toString())
    .filter((name) => /^(security\.(capability|ima)$|user\.)/.test(name) && !/^user\.(overlay|containers)\./.test(name));
  return new Map(names.map((name) => [name, getXattr(fd, name) ?? Buffer.alloc(0)]));
}

function hashContent(fd: Fd, sizeBytes: number, hash: Hash): void {
  const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, sizeBytes));
  let left = sizeBytes;
  while (left > 0) {
    const read = readSync(fd, chunk, 0, Math.min(chunk.length, left), null);
    // It has become shorter meanwhile; the digest of a tar that was cut is that of nothing else.
    if (read === 0) break;
    hash.update(chunk.subarray(0, read));
    left -= read;
  }
  hash.update(Buffer.alloc(-sizeBytes & (BLOCK_BYTES - 1)));
}
