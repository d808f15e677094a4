import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { extract, type ReadHeader } from 'tar-stream';
import { compressionOf, decompress } from '../../src/layers/compression.js';

/** A file of a flattened image; names that are hard links of each other share one. */
interface Inode {
  readonly header: ReadHeader;
  readonly content: Buffer;
}

/**
 * The file system that layers come to, applied one over another by the rules of the image specification, with nothing of tsbuild but its
 * decompressor.
 *
 * @param layers files, the lowest first
 * @returns by path, without slash at either end
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#applying-changesets
 */
export async function flattenLayers(layers: readonly string[]): Promise<Map<string, Inode>> {
  const tree = new Map<string, Inode>();
  for (const layer of layers) {
    const added = new Map<string, Inode>();
    const gone: string[] = [];
    for await (const { header, content } of entriesOf(layer)) {
      const path = header.name.replace(/^(\.?\/)+|\/+$/g, '');
      const name = path.slice(path.lastIndexOf('/') + 1);
      const parent = path.slice(0, path.length - name.length);
      if (name === '.wh..wh..opq') gone.push(parent);
      else if (name.startsWith('.wh.')) gone.push(parent + name.slice(4), `${parent}${name.slice(4)}/`);
      else if (header.type === 'link') {
        const target = header.linkname!.replace(/^(\.?\/)+/, '');
        added.set(path, added.get(target) ?? tree.get(target)!);
      } else added.set(path, { header, content });
    }
    for (const prefix of gone)
      for (const path of [...tree.keys()]) if (path === prefix || (prefix.endsWith('/') && path.startsWith(prefix))) tree.delete(path);
    for (const [path, inode] of added) {
      if (inode.header.type !== 'directory')
        for (const old of [...tree.keys()]) if (old.startsWith(`${path}/`) && !added.has(old)) tree.delete(old);
      tree.set(path, inode);
    }
  }
  return tree;
}

async function* entriesOf(layer: string): AsyncGenerator<{ readonly header: ReadHeader; readonly content: Buffer }> {
  const chunks: Buffer[] = [];
  for await (const chunk of createReadStream(layer)) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const tar: Uint8Array[] = [];
  for await (const chunk of decompress(once(bytes), compressionOf(bytes))) tar.push(Buffer.from(chunk));
  const entries = extract();
  entries.end(Buffer.concat(tar));
  for await (const entry of entries) {
    const content: Uint8Array[] = [];
    for await (const chunk of entry) content.push(chunk);
    yield { header: entry.header, content: Buffer.concat(content) };
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const KINDS: Readonly<Record<string, string>> = {
  file: 'f',
  directory: 'd',
  symlink: 'l',
  fifo: 'p',
  'character-device': 'c',
  'block-device': 'b',
};
const XATTR = 'SCHILY.xattr.';
const LONGEST_SHOWN = 60;

/**
 * A flattened file system as lines sorted by path: `KIND MODE UID:GID MTIME PATH`, then a link's target, a file's text (or its digest), the
 * first of a file's other names, and its attributes.
 *
 * @param timeOf how an mtime, in seconds, is written
 */
export function linesOfTree(tree: ReadonlyMap<string, Inode>, timeOf: (seconds: number) => string): string[] {
  const first = new Map<Inode, string>();
  return [...tree.keys()].sort().map((path) => {
    const inode = tree.get(path)!;
    const { type, mode, uid, gid, mtime, linkname, pax } = inode.header;
    const words = [KINDS[type ?? ''] ?? '?', type === 'symlink' ? '-' : (mode & 0o7777).toString(8), `${uid}:${gid}`];
    words.push(timeOf(Math.floor(mtime.getTime() / 1000)), `/${path}`);
    if (type === 'symlink') words.push(`> ${linkname}`);
    const original = first.get(inode);
    if (original !== undefined) words.push(`= /${original}`);
    else if (type === 'file') words.push(shown(inode.content));
    first.set(inode, original ?? path);
    for (const [key, value] of Object.entries(pax ?? {}).sort()) {
      if (key.startsWith(XATTR)) words.push(`{${key.slice(XATTR.length)}=${value}}`);
    }
    return words.join(' ');
  });
}

function shown(content: Buffer): string {
  const text = content.toString();
  return content.length <= LONGEST_SHOWN ? JSON.stringify(text) : createHash('sha256').update(content).digest('hex').slice(0, 16);
}
