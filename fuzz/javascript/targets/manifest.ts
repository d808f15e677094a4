import {
  chooseByPlatform,
  type Descriptor,
  formatPlatform,
  hostPlatform,
  isDigest,
  parseManifestDocument,
} from '../../../src/image/index.js';
import { demand, type FuzzTarget } from '../target.js';

const HOST = hostPlatform('x64');

export const manifest: FuzzTarget = {
  name: 'manifest',
  words: [
    '"schemaVersion":2',
    '"mediaType":"application/vnd.oci.image.index.v1+json"',
    '"mediaType":"application/vnd.oci.image.manifest.v1+json"',
    '"manifests":[]',
    '"layers":[]',
    '"Layers":[]',
    '"config":{}',
    '"subject":null',
    '"platform":{"os":"linux","architecture":"arm64"}',
    '"size":1152921504606846976',
    '"digest":"sha256:../../x"',
    '"urls":["http://x/"]',
    '"annotations":{"a":"b"}',
    '\\u0064igest',
  ],
  run(input) {
    const document = parseManifestDocument(input);
    const entries = document.kind === 'index' ? document.index.manifests : [document.manifest.config, ...document.manifest.layers];
    for (const entry of entries) checkDescriptor(entry);
    if (document.kind === 'manifest') return `manifest ${document.mediaType} ${entries.length}`;
    const chosen = chooseByPlatform(entries, HOST);
    const platform = chosen?.platform;
    return `index ${document.mediaType} ${entries.length} ${platform === undefined ? chosen !== undefined : formatPlatform(platform).slice(0, 12)}`;
  },
};

function checkDescriptor({ digest, size, mediaType }: Descriptor): void {
  demand(isDigest(digest), `accepted the digest ${JSON.stringify(digest)}`);
  demand(Number.isSafeInteger(size) && size >= 0, `accepted the size ${size}`);
  demand(typeof mediaType === 'string', 'accepted a descriptor without a type');
}
