import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Descriptor, isIndexType, isManifestType, parseIndex } from '../image/index.js';
import type { CollectedParts } from './collect.js';
import { checkLayout } from './layout.js';
import { readImage } from './read-image.js';
import { listNames } from './record-files.js';

/** Read everything that is named, blob by blob, and say what is wrong with it; empty when all is well. Changes nothing. */
export async function checkStore(parts: CollectedParts): Promise<readonly string[]> {
  const problems: string[] = [];
  const attempt = async (subject: string, body: () => unknown): Promise<void> => {
    try {
      await body();
    } catch (error) {
      problems.push(`${subject}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };

  await attempt('layout', () => checkLayout(parts.layout));
  await attempt('index.json', async () => {
    for (const { name, descriptor } of parts.names.list()) {
      await attempt(name ?? descriptor.digest, () => checkImage(parts, descriptor));
    }
  });
  for (const id of listNames(parts.layout.containers)) {
    await attempt(`container ${id}`, () => {
      const record = parts.containers.get(id);
      const missing = Object.values(parts.containers.working(record.id)).filter((path) => !existsSync(path));
      if (missing.length > 0) throw new Error(`"${missing[0]}" is missing`);
    });
  }
  for (const name of listNames(parts.layout.snapshots)) {
    if (!existsSync(join(parts.layout.snapshots, name, 'fs'))) problems.push(`snapshot ${name}: it has no "fs"`);
  }
  return problems;
}

async function checkImage(parts: CollectedParts, descriptor: Descriptor): Promise<void> {
  if (isIndexType(descriptor.mediaType)) {
    for (const child of parseIndex(parts.blobs.readAll(descriptor)).manifests) {
      if (parts.blobs.has(child.digest)) await checkImage(parts, child);
    }
    return;
  }
  if (!isManifestType(descriptor.mediaType)) return;
  for (const layer of readImage(parts.blobs, descriptor).manifest.layers) {
    for await (const _ of parts.blobs.open(layer));
  }
}
