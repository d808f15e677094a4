import { UsageError } from '../../errors.js';
import type { CopyOptions } from '../../operations/copy.js';
import { flag, list, text, wholeNumber } from './flags.js';
import { refusedFlags } from './refused-flags.js';
import { REGISTRY_FLAGS, type RegistryAccessFlags, registryAccess } from './registry-flags.js';

const REFUSED = {
  'allow-wildcard': 'sources always may hold wildcards',
  'allow-empty-wildcard': 'a wildcard without a match is a mistake',
  'no-follow-symlinks': 'links among the sources are followed inside their root',
  'blob-cache': 'blobs are kept in the store',
  'decryption-key': 'encrypted images cannot be read',
  'remove-signatures': 'signatures are not read',
};

/** What `copy` and `add` have in common. */
export const COPY_FLAGS = {
  ...REGISTRY_FLAGS,
  ...refusedFlags(REFUSED),
  'add-history': flag({ summary: 'Add the command to the history of the image (default: $BUILDAH_HISTORY)' }),
  checksum: text({ value: 'sha256:HEX', summary: 'Digest that the file at the URL must have' }),
  chmod: text({ value: 'MODE', summary: 'Permissions of what is copied: octal, or as u=rwX,go=rX' }),
  chown: text({ value: 'USER[:GROUP]', summary: 'Owner of what is copied (default: root, or that of the files of --from)' }),
  contextdir: text({ value: 'path', summary: 'Directory that sources are relative to and cannot leave' }),
  exclude: list({ value: 'PATTERN', summary: 'Leave out what fits the pattern' }),
  from: text({ value: 'CONTAINER|IMAGE', summary: 'Copy from the root file system of a working container or an image' }),
  ignorefile: text({ value: 'path', summary: 'Ignore file for --contextdir' }),
  link: flag({ hidden: true, summary: 'Without effect: a container has one layer' }),
  quiet: flag({ char: 'q', summary: 'Do not show the digest of what was copied' }),
  timestamp: wholeNumber({ value: 'SECONDS', summary: 'Time of what is copied, in seconds since 1970 (default: its own)' }),
};

interface CopyFlags extends RegistryAccessFlags {
  readonly 'add-history'?: boolean;
  readonly checksum?: string | undefined;
  readonly chmod?: string | undefined;
  readonly chown?: string | undefined;
  readonly contextdir?: string | undefined;
  readonly exclude?: readonly string[] | undefined;
  readonly from?: string | undefined;
  readonly ignorefile?: string | undefined;
  readonly parents?: boolean;
  readonly quiet?: boolean;
  readonly timestamp?: number | undefined;
}

/**
 * `CONTAINER SOURCE... [DESTINATION]`: of several words the last is the destination.
 *
 * @throws {UsageError} a word is missing, or a flag is not supported
 */
export function copyOptions(
  operands: readonly string[],
  flags: CopyFlags,
  { unpack, addHistory }: { readonly unpack: boolean; readonly addHistory: boolean },
): CopyOptions {
  const [container, ...paths] = operands;
  if (container === undefined) throw new UsageError('requires at least 1 arg(s), only received 0');
  if (paths.length === 0) throw new UsageError('src must be specified');
  const sources = paths.length === 1 ? paths : paths.slice(0, -1);
  if (flags.checksum !== undefined && !(sources.length === 1 && /^https?:/.test(sources[0] ?? '')))
    throw new UsageError('checksum flag is only for a single remote source');
  return {
    container,
    sources,
    destination: paths.length === 1 ? undefined : paths.at(-1),
    unpack,
    chown: flags.chown,
    chmod: flags.chmod,
    exclude: flags.exclude ?? [],
    parents: flags.parents ?? false,
    checksum: flags.checksum,
    timestamp: flags.timestamp,
    addHistory: flags['add-history'] ?? addHistory,
    isDigestShown: flags.quiet !== true,
    from: flags.from,
    contextDir: flags.contextdir,
    ignoreFile: flags.ignorefile,
    pull: 'missing',
    ...registryAccess(flags),
  };
}
