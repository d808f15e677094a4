import { createHash } from 'node:crypto';
import type { Extract, ReadHeader } from 'tar-stream';

/** What one entry of a layer says. */
export interface ArchiveEntry {
  /** As it stands in the archive; of a directory with a slash at its end. */
  readonly path: string;
  readonly type: string;
  /** Permission bits. */
  readonly modeBits: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970. */
  readonly mtimeSeconds: number;
  readonly sizeBytes: number;
  /** Of a link, what it leads to; of a device, its numbers. */
  readonly target: string;
  /** sha256 of a file's bytes. */
  readonly content: string;
  /** Extended attributes, by name. */
  readonly attributes: Readonly<Record<string, string>>;
}

const XATTR = 'SCHILY.xattr.';

/** The entries of an uncompressed layer, in their order. Reads every byte; keeps none. */
export async function* readArchiveEntries(tar: AsyncIterable<Uint8Array>): AsyncGenerator<ArchiveEntry> {
  const entries = (await import('tar-stream')).extract();
  // A failure of the source comes out of the loop below.
  feed(tar, entries).catch((error: unknown) => entries.destroy(error as Error));
  for await (const entry of entries) {
    const hash = createHash('sha256');
    for await (const bytes of entry) hash.update(bytes);
    yield entryOf(entry.header, hash.digest('hex'));
  }
}

async function feed(tar: AsyncIterable<Uint8Array>, entries: Extract): Promise<void> {
  let closed = false;
  entries.once('close', () => {
    closed = true;
  });
  for await (const bytes of tar) {
    if (closed) return;
    if (entries.write(bytes)) continue;
    await new Promise<void>((resolve) => {
      entries.once('drain', resolve).once('close', resolve);
    });
  }
  entries.end();
}

function entryOf(header: ReadHeader, content: string): ArchiveEntry {
  const { name, type, mode, uid, gid, mtime, size, linkname, devmajor, devminor, pax } = header;
  const isDevice = type === 'character-device' || type === 'block-device';
  const attributes = Object.entries(pax ?? {}).filter(([key]) => key.startsWith(XATTR));
  return {
    path: type === 'directory' && !name.endsWith('/') ? `${name}/` : name,
    type: type ?? 'file',
    modeBits: mode,
    uid,
    gid,
    mtimeSeconds: Math.floor(mtime.getTime() / 1000),
    sizeBytes: size,
    target: isDevice ? `${devmajor}:${devminor}` : (linkname ?? ''),
    content,
    attributes: Object.fromEntries(attributes.map(([key, value]) => [key.slice(XATTR.length), value])),
  };
}
