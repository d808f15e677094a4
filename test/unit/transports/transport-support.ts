import { hostPlatform, type Platform } from '../../../src/image/index.js';
import type { ProgressEvent, Reporter } from '../../../src/progress.js';
import type { Store } from '../../../src/store/index.js';
import {
  type CopyImageOptions,
  type CopyImageResult,
  copyImage,
  openSink,
  openSource,
  parseTransport,
  type RegistryClient,
} from '../../../src/transports/index.js';

/** The platform that sample images are for. */
export const HOST: Platform = hostPlatform('x64');

export const silent: Reporter = { report() {} };

export function noRegistry(): RegistryClient {
  throw new Error('this test has no registry');
}

/** Copy from one `transport:rest` to another. */
export async function copy(
  store: Store,
  from: string,
  to: string,
  options: Partial<CopyImageOptions> & { readonly registry?: () => RegistryClient; readonly events?: ProgressEvent[] } = {},
): Promise<CopyImageResult> {
  const tempDir = await store.scratch.dir();
  const services = { store, tempDir, registry: options.registry ?? noRegistry };
  const source = await openSource(parsed(from), services);
  try {
    const sink = await openSink(parsed(to), services);
    try {
      const reporter: Reporter = { report: (event) => options.events?.push(event) };
      return await copyImage(source, sink, { platform: HOST, tempDir, reporter, ...options });
    } finally {
      await sink.close();
    }
  } finally {
    await source.close();
  }
}

function parsed(text: string) {
  const name = parseTransport(text);
  if (name === undefined) throw new Error(`not a transport: ${text}`);
  return name;
}
