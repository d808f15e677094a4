import { type ErrorCode, TsbuildError } from '../errors.js';
import type { DiffId, Digest } from '../image/index.js';

export class BlobNotFoundError extends TsbuildError {
  readonly code = 'BLOB_NOT_FOUND';
  constructor(
    /** Of the blob, or of a layer of which no blob is known. */
    readonly digest: Digest | DiffId,
    readonly path: string,
  ) {
    super(`Cannot read blob ${digest}: "${path}" does not exist`, { hint: 'Pull or build the image again' });
  }
}

export class ImageNotFoundError extends TsbuildError {
  readonly code = 'IMAGE_NOT_FOUND';
  constructor(readonly nameOrId: string) {
    super(`${nameOrId}: image not known`, { hint: 'List the images of this store with "tsbuild images"' });
  }
}

export class AmbiguousImageError extends TsbuildError {
  readonly code = 'IMAGE_NOT_FOUND';
  constructor(
    readonly prefix: string,
    readonly ids: readonly string[],
  ) {
    super(`Cannot tell which image "${prefix}" means: it begins the IDs ${ids.map((id) => id.slice(0, 12)).join(', ')}`, {
      hint: 'Give more digits of the ID',
    });
  }
}

/** An image cannot be removed: a working container was made from it, or it has several names and removal was by ID. */
export class ImageInUseError extends TsbuildError {
  readonly code = 'IMAGE_IN_USE';
  constructor(
    readonly imageId: string,
    readonly reason:
      | { readonly kind: 'containers'; readonly names: readonly string[] }
      | { readonly kind: 'names'; readonly names: readonly string[] },
  ) {
    super(
      reason.kind === 'containers'
        ? `Cannot remove image ${imageId.slice(0, 12)}: it is used by working container ${reason.names.map((name) => `"${name}"`).join(', ')}`
        : `Cannot remove image ${imageId.slice(0, 12)}: it has several names, ${reason.names.map((name) => `"${name}"`).join(', ')}`,
      {
        hint:
          reason.kind === 'containers' ? 'Remove the working container first, or use --force' : 'Remove it by each name, or use --force',
      },
    );
  }
}

export class ContainerNotFoundError extends TsbuildError {
  readonly code = 'CONTAINER_NOT_FOUND';
  /** @param doing what it was wanted for, in Buildah's words */
  constructor(
    readonly nameOrId: string,
    doing = 'reading build container',
  ) {
    super(`${doing} "${nameOrId}": container not known`, { hint: 'Make one with "tsbuild from IMAGE"' });
  }
}

export class ContainerNameInUseError extends TsbuildError {
  readonly code = 'NAME_IN_USE';
  constructor(
    readonly containerName: string,
    readonly id: string,
  ) {
    super(`the container name "${containerName}" is already in use by ${id}: that name is already in use`, {
      hint: 'Remove that container, or choose another name',
    });
  }
}

export class StoreVersionError extends TsbuildError {
  readonly code = 'STORE_VERSION';
  constructor(
    readonly root: string,
    readonly found: string,
    readonly known: number,
  ) {
    super(
      `Cannot use the store at "${root}": its format is version ${JSON.stringify(found.slice(0, 40))}, and this tsbuild knows versions up to ${known}`,
      {
        hint: 'Use the newer tsbuild that made it, or give another directory with --root',
      },
    );
  }
}

/** The directory is the store of another program: Buildah's, Podman's or CRI-O's. */
export class ForeignStoreError extends TsbuildError {
  readonly code = 'STORE_VERSION';
  constructor(
    readonly root: string,
    readonly found: string,
  ) {
    super(`Cannot use ${root} as a store: it belongs to containers/storage (Buildah, Podman), as "${found}" in it tells`, {
      hint: `Name another directory, such as ${root}/tsbuild`,
    });
  }
}

export class StoreCorruptError extends TsbuildError {
  readonly code = 'STORE_CORRUPT';
  constructor(
    readonly path: string,
    readonly problem: string,
    options?: ErrorOptions,
  ) {
    super(`Cannot read "${path}": ${problem}`, options);
  }
}

export class StoreFullError extends TsbuildError {
  readonly code = 'STORE_FULL';
  constructor(
    readonly path: string,
    readonly freeBytes: number,
    options: ErrorOptions & { readonly quota: boolean },
  ) {
    super(
      options.quota
        ? `Cannot write "${path}": the disk quota is used up`
        : `Cannot write "${path}": no space left on its file system (${freeBytes} bytes free)`,
      { cause: options.cause, hint: 'Free space with "tsbuild rmi --prune", or give a directory on another disk with --root' },
    );
  }
}

/** The store cannot be written or read for a reason of the file system: no permission, read-only, no such directory. */
export class StoreAccessError extends TsbuildError {
  readonly code: ErrorCode = 'SYSTEM';
  constructor(
    readonly path: string,
    readonly reason: string,
    options: ErrorOptions,
  ) {
    super(`Cannot use "${path}" of the store: ${reason}`, {
      ...options,
      hint: 'Check its owner and permissions, or give another directory with --root',
    });
  }
}
