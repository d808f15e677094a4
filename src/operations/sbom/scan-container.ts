import { constants, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { closeFd, randomName } from '../../sys/index.js';
import type { AddedFile } from '../containers/commit-layers.js';
import type { ContainerFiles } from '../containers/container-files.js';
import type { Services, Workspace } from '../context.js';
import { readIsolation } from '../surroundings/isolation-flag.js';
import { LateNetworks } from '../surroundings/late-networks.js';
import { parseNetwork } from '../surroundings/network-flag.js';
import type { ScanOptions } from './scan-options.js';
import { type ScanSurroundings, scanRoot } from './scan-root.js';
import { imageFilesOf, writeLocalSbom } from './write-sbom.js';

/**
 * Has what a working container holds looked at by a scanner, and writes what it found to the files of this machine that were named.
 *
 * @returns files for the image, which are there until this process ends
 */
export async function scanFiles(
  options: ScanOptions,
  { lowers, working, mountPoint }: ContainerFiles,
  source: Pick<ScanSurroundings, 'pull' | 'access'>,
  workspace: Workspace,
  services: Services,
): Promise<readonly AddedFile[]> {
  const { settings } = services;
  const networks = new LateNetworks({ extraHosts: [], proxies: settings.proxyEnvironment }, services);
  const root =
    mountPoint === undefined
      ? await workspace.snapshots.openMerged([working.upper, ...lowers])
      : openSync(mountPoint, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const network = { request: parseNetwork(undefined), open: networks.open, extraHosts: [] };
    const isolation = readIsolation({}, settings);
    const merged = await scanRoot(options, { ...source, root, contexts: [], network, isolation }, workspace, services);
    writeLocalSbom(options.outputs, merged);
    const directory = await workspace.store.scratch.dir();
    return imageFilesOf(options.outputs, merged).map(({ path, content }) => {
      const file = join(directory, `sbom-${randomName()}`);
      writeFileSync(file, content);
      return { source: file, destination: path };
    });
  } finally {
    closeFd(root);
    await networks.close();
  }
}
