import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../errors.js';
import { type Digest, digestAlgorithm, digestHex } from '../image/index.js';
import { randomName } from '../sys/index.js';
import { ForeignStoreError, StoreCorruptError, StoreVersionError } from './errors.js';
import { explainingFailure } from './system-errors.js';

/** The format described in docs/on-disk-format.md; raise it when an older tsbuild would misread what a newer one writes. */
const LAYOUT_VERSION = 1;
// https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md#oci-layout-file
const OCI_LAYOUT = '{"imageLayoutVersion":"1.0.0"}';

/** Every path below the store's root. */
export interface Layout {
  readonly root: string;
  readonly versionFile: string;
  readonly indexFile: string;
  readonly indexLock: string;
  readonly storeLock: string;
  readonly blobs: string;
  readonly layers: string;
  readonly snapshots: string;
  readonly steps: string;
  readonly sites: string;
  readonly selections: string;
  readonly builds: string;
  readonly cacheMounts: string;
  readonly statCache: string;
  readonly workLocks: string;
  readonly logs: string;
  readonly containers: string;
  readonly tmp: string;
  readonly trash: string;
}

export function layoutOf(root: string): Layout {
  return {
    root,
    versionFile: join(root, 'version'),
    indexFile: join(root, 'index.json'),
    indexLock: join(root, 'index.lock'),
    storeLock: join(root, 'lock'),
    blobs: join(root, 'blobs'),
    layers: join(root, 'layers'),
    snapshots: join(root, 'snapshots'),
    steps: join(root, 'cache', 'steps'),
    sites: join(root, 'cache', 'sites'),
    selections: join(root, 'cache', 'selections'),
    builds: join(root, 'cache', 'builds'),
    cacheMounts: join(root, 'cache', 'mounts'),
    statCache: join(root, 'cache', 'stat'),
    workLocks: join(root, 'cache', 'locks'),
    logs: join(root, 'logs'),
    containers: join(root, 'containers'),
    tmp: join(root, 'tmp'),
    trash: join(root, 'trash'),
  };
}

/** Put together by hand, as all paths of single files: `join` cleans every character of them, for each step of a build a dozen times. */
export function blobPath(layout: Layout, digest: Digest): string {
  return `${layout.blobs}/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

/**
 * Refuse a store this program does not understand. Creates nothing.
 *
 * @throws {StoreVersionError} made by a newer tsbuild
 * @throws {ForeignStoreError} made by another program
 * @throws {StoreCorruptError} an OCI layout of another version than 1.0.0
 */
export function checkLayout(layout: Layout): void {
  const version = readIfThere(layout.versionFile)?.trim();
  if (version === undefined) refuseForeign(layout.root);
  else if (!(/^[0-9]{1,9}$/.test(version) && Number(version) <= LAYOUT_VERSION)) {
    throw new StoreVersionError(layout.root, version, LAYOUT_VERSION);
  }
  const ociLayoutFile = join(layout.root, 'oci-layout');
  const ociLayout = readIfThere(ociLayoutFile);
  if (ociLayout !== undefined && !/"imageLayoutVersion"\s*:\s*"1\.0\.0"/.test(ociLayout)) {
    throw new StoreCorruptError(ociLayoutFile, 'it does not say "imageLayoutVersion": "1.0.0"');
  }
}

// What c/storage makes in its root, and Podman beside it: https://github.com/containers/storage/blob/main/docs/containers-storage.md
const FOREIGN_FILES = [
  'storage.lock',
  'overlay-images',
  'vfs-images',
  'btrfs-images',
  'zfs-images',
  'overlay-layers',
  'vfs-layers',
  'libpod',
];

/** Two stores in one directory would each take the other's files for its own: `layers`, `tmp`, ... */
function refuseForeign(root: string): void {
  const found = FOREIGN_FILES.find((name) => existsSync(join(root, name)));
  if (found !== undefined) throw new ForeignStoreError(root, found);
}

/**
 * Make what is missing. A layout of an older version is brought up to date: version 0 is a plain OCI image layout without a version file,
 * made by another tool, and only lacks our directories. Safe when several processes do it at once: each file appears complete, by rename.
 */
export function ensureLayout(layout: Layout): void {
  explainingFailure(layout.root, () => {
    mkdirSync(layout.root, { recursive: true, mode: 0o711 });
    for (const directory of [join(layout.blobs, 'sha256'), layout.layers, layout.steps]) mkdirSync(directory, { recursive: true });
    for (const directory of [layout.snapshots, layout.containers, layout.tmp, layout.trash]) ensurePrivate(directory);
    writeOnce(layout, join(layout.root, 'oci-layout'), OCI_LAYOUT);
    writeOnce(layout, layout.versionFile, `${LAYOUT_VERSION}\n`);
  });
}

/**
 * Files of images keep their set-user-id bits and may be writable to all: nobody but the owner may get at them by path (CVE-2021-41091).
 * Stores of an earlier day let others in.
 */
function ensurePrivate(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if ((statSync(directory).mode & 0o077) !== 0) chmodSync(directory, 0o700);
}

/** Every process writes the same bytes here, so who wins the race does not matter. */
function writeOnce(layout: Layout, file: string, text: string): void {
  if (existsSync(file)) return;
  const temporary = join(layout.tmp, randomName());
  writeFileSync(temporary, text, { flag: 'wx' });
  renameSync(temporary, file);
}

function readIfThere(file: string): string | undefined {
  return explainingFailure(file, () => {
    try {
      return readFileSync(file, 'utf8');
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  });
}
