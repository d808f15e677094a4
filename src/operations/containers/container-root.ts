import { closeSync, constants, openSync } from 'node:fs';
import type { OwnIds } from '../../builder/steps/index.js';
import { UsageError } from '../../errors.js';
import { type CommandRoot, copyVerbatim, withRootfs } from '../../snapshots/index.js';
import type { ContainerRecord } from '../../store/index.js';
import { AT_FDCWD, renameExchange } from '../../sys/index.js';
import type { ContainerFiles } from './container-files.js';

type Root = CommandRoot | { readonly directory: string; readonly shifted: boolean };

/**
 * Runs `body` with the root of a command in a working container. One that is mounted runs on that mount: an upper directory belongs to one
 * overlay at a time.
 *
 * @throws {UsageError} it is mounted, with other owners than the command is to find
 */
export async function withContainerRoot<T>(
  record: ContainerRecord,
  files: ContainerFiles,
  ids: OwnIds | undefined,
  body: (root: Root) => Promise<T>,
): Promise<T> {
  const { mountPoint, lowers, snapshots } = files;
  const shift = ids?.shift;
  if (mountPoint !== undefined) {
    if (shift?.kind === 'copy')
      throw new UsageError(`container ${record.name} is mounted with the ids in its files, and its commands have others`, {
        hint: `Unmount it first: tsbuild umount ${record.name}`,
      });
    return body({ directory: mountPoint, shifted: shift !== undefined });
  }
  if (shift?.kind === 'copy') return onCopy(files, (working) => withRootfs(snapshots, { lowers, working }, shift, body));
  return withRootfs(snapshots, { lowers, working: await snapshots.reopen(files.working) }, shift, body);
}

/** Files whose owners are being changed would be torn by who kills this: a copy takes the place of the container's when all is done. */
async function onCopy<T>(
  { lowers, working: own, snapshots }: ContainerFiles,
  body: (working: ContainerFiles['working']) => Promise<T>,
): Promise<T> {
  const working = await snapshots.prepare(lowers);
  try {
    await copyDirectory(own.upper, working.upper);
    const result = await body(working);
    renameExchange(AT_FDCWD, working.upper, AT_FDCWD, own.upper);
    return result;
  } finally {
    snapshots.discard(working);
  }
}

async function copyDirectory(from: string, to: string): Promise<void> {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY;
  const [source, target] = [openSync(from, flags), openSync(to, flags)];
  try {
    await copyVerbatim(source, target);
  } finally {
    closeSync(source);
    closeSync(target);
  }
}
