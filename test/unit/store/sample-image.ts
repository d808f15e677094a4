import { gzipSync } from 'node:zlib';
import {
  buildManifest,
  type Descriptor,
  type DiffId,
  digestOf,
  encodeImageConfig,
  encodeJson,
  FORMAT_TYPES,
  type ImageFormat,
  layerMediaType,
} from '../../../src/image/index.js';
import type { Store } from '../../../src/store/index.js';

export interface SampleImage {
  readonly descriptor: Descriptor;
  readonly imageId: string;
  readonly diffIds: readonly DiffId[];
  readonly layers: readonly Descriptor[];
  readonly config: Descriptor;
}

/** Store an image with one gzip layer per text; each layer is a tar with the one file `file`, whose content is the text. */
export async function putSampleImage(store: Store, texts: readonly string[], format: ImageFormat = 'oci'): Promise<SampleImage> {
  const layers: Descriptor[] = [];
  const diffIds: DiffId[] = [];
  for (const text of texts) {
    const tar = tarOf('file', text);
    const blob = await store.blobs.putBytes(gzipSync(tar));
    const diffId = digestOf(tar) as string as DiffId;
    diffIds.push(diffId);
    layers.push({ mediaType: layerMediaType('gzip', format), ...blob });
    await store.layers.put({ diffId, blobs: [{ ...blob, compression: 'gzip' }] });
  }
  const configBytes = encodeImageConfig({
    architecture: 'amd64',
    os: 'linux',
    config: { Cmd: ['true'] },
    rootfs: { type: 'layers', diff_ids: diffIds },
  });
  const config = { mediaType: FORMAT_TYPES[format].config, ...(await store.blobs.putBytes(configBytes)) };
  const manifest = await store.blobs.putBytes(encodeJson(buildManifest(config, layers, format)));
  const imageId = config.digest.slice('sha256:'.length);
  return { descriptor: { mediaType: FORMAT_TYPES[format].manifest, ...manifest }, imageId, diffIds, layers, config };
}

/** A ustar archive of one regular file, mode 0644, owner 0:0, mtime 0. */
export function tarOf(name: string, content: string): Buffer {
  const bytes = Buffer.from(content);
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512), Buffer.alloc(1024)]);
}
