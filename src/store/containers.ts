import type { Descriptor, DiffId, ImageConfig, ImageFormat } from '../image/index.js';

/** A working container: `tsbuild from` made it, `run`, `copy` and `config` change it, `commit` makes an image of it. */
export interface ContainerRecord {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  /** RFC 3339. */
  readonly createdAt: string;
  /** Absent for `from scratch`. `id` is the image ID, the hexadecimal digits of its config's digest. */
  readonly image?: { readonly id: string; readonly name?: string; readonly manifest: Descriptor };
  /** The layers below its upper directory, base first. */
  readonly diffIds: readonly DiffId[];
  readonly config: ImageConfig;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly format: ImageFormat;
}

export interface ContainerRecords {
  list(): readonly ContainerRecord[];
  /** By name, ID, or unique prefix (three digits or more) of an ID. @throws {ContainerNotFoundError} */
  get(nameOrId: string): ContainerRecord;
  /**
   * Enter a working container. Its directory appears complete, `working` moved into it, or not at all.
   *
   * @param working its upper and work directories, as the snapshot driver's prepare() made them
   * @throws {ContainerNameInUseError}
   */
  create(record: Omit<ContainerRecord, 'id'>, working: { readonly dir: string; readonly upper: string; readonly work: string }): Promise<ContainerRecord>;
  /** Replace the record of the container with the same ID. @throws {ContainerNotFoundError} @throws {ContainerNameInUseError} after a rename */
  update(record: ContainerRecord): Promise<void>;
  /** Forget a container; its directory goes to the trash. Nothing happens when it is gone already. */
  remove(id: string): Promise<void>;
  /** Its directories, in the shape of the snapshot driver's working layer. */
  working(id: string): { readonly dir: string; readonly upper: string; readonly work: string };
}
