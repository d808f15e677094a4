import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UsageError } from '../../errors.js';
import { digestHex, localName, ReferenceSyntaxError } from '../../image/index.js';
import type { Store } from '../../store/index.js';
import { type ArchiveListing, copyImage, listArchive, openStoreSink } from '../../transports/index.js';
import { openAllowedSource } from '../allowed-source.js';
import { type Services, withStore } from '../context.js';
import { RegistryAccess } from '../registry-access.js';

/** The full names of the images that were brought in; the ID of one that has none. */
export type LoadedImages = readonly string[];

/**
 * Brings every image of an archive or a directory into the store.
 *
 * @param input a path, or the bytes of an archive
 * @throws {InvalidArchiveError} it holds no image
 */
export async function loadImages(input: string | NodeJS.ReadableStream, services: Services): Promise<LoadedImages> {
  return withStore(services, async (store) => {
    const release = await store.lockShared({ signal: services.signal });
    try {
      if (typeof input === 'string') return await loadFrom(input, store, services);
      const file = join(await store.scratch.dir(), 'loaded');
      try {
        await pipeline(input, createWriteStream(file), { signal: services.signal });
        return await loadFrom(file, store, services);
      } finally {
        await rm(file, { force: true });
      }
    } finally {
      release();
    }
  });
}

async function loadFrom(path: string, store: Store, services: Services): Promise<LoadedImages> {
  const listed = await listArchive(path, { tempDir: services.settings.tmpDir });
  if (listed.length === 0) throw new UsageError(`${path} holds no image`);
  const loaded: string[] = [];
  for (const image of listed) loaded.push(...(await loadOne(image, store, services)));
  return loaded;
}

async function loadOne({ place, names }: ArchiveListing, store: Store, services: Services): Promise<readonly string[]> {
  const access = new RegistryAccess(services, {});
  const source = await openAllowedSource(place, { store, access, services });
  try {
    const full = names.flatMap(fullName);
    const { descriptor, imageId } = await copyImage(source, openStoreSink(store, full), {
      platform: 'all',
      tempDir: services.settings.tmpDir,
      reporter: services.reporter,
      signal: services.signal,
    });
    return full.length > 0 ? full : [`sha256:${imageId ?? digestHex(descriptor.digest)}`];
  } finally {
    await source.close();
  }
}

/** A layout's references need not be names of images. */
function fullName(text: string): readonly string[] {
  try {
    return [localName(text)];
  } catch (error) {
    if (error instanceof ReferenceSyntaxError) return [];
    throw error;
  }
}
