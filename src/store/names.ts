import type { Descriptor } from '../image/index.js';

/** An entry of index.json. */
export interface NamedImage {
  /** Full name, `localhost/app:latest`; absent for an image that lost its name and was not removed. */
  readonly name?: string;
  /** Of a manifest or an index; without the annotations that hold the name. */
  readonly descriptor: Descriptor;
}

export interface NameStore {
  /** Every image of the store, as index.json has them now. */
  list(): readonly NamedImage[];
  /**
   * What `nameOrId` means, in this order: full name; the forms a short name stands for (`localhost/NAME:latest`, then Docker Hub's);
   * digest of a manifest or config; unique prefix, three digits or more, of an image ID.
   *
   * @returns `name` is the full name it was found under, absent when found by ID or digest
   * @throws {AmbiguousImageError} a prefix of several image IDs
   */
  resolve(nameOrId: string): NamedImage | undefined;
  /**
   * Let `names` point to the image. The one moment at which a build or pull becomes visible: everything written to the file system before
   * is synced first, then index.json is replaced in one step. An image that loses its last name stays as an entry without one.
   *
   * @param names full names; none: the image is entered without a name unless it is there already
   */
  publish(names: readonly string[], descriptor: Descriptor): Promise<void>;
  /** Take names away; images that have no other stay as entries without a name. Returns the names that were there. */
  untag(names: readonly string[]): Promise<readonly string[]>;
  /** Drop every entry of this image, named or not. Blobs go at the next collection. */
  remove(digest: Descriptor['digest']): Promise<void>;
}
