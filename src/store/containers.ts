import { randomBytes } from 'node:crypto';
import { mkdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Descriptor, DiffId, ImageConfig, ImageFormat } from '../image/index.js';
import { ContainerNameInUseError, ContainerNotFoundError } from './errors.js';
import type { Layout } from './layout.js';
import { withLock } from './locks.js';
import { isObject, listNames, readRecord, writeRecord } from './record-files.js';
import type { Scratch } from './scratch.js';
import { explainingFailure } from './system-errors.js';

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
  /** What commands in it may do, as the sandbox describes that; absent: the default. */
  readonly confinement?: unknown;
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
  create(
    record: Omit<ContainerRecord, 'id'>,
    working: { readonly dir: string; readonly upper: string; readonly work: string },
  ): Promise<ContainerRecord>;
  /** Replace the record of the container with the same ID. @throws {ContainerNotFoundError} @throws {ContainerNameInUseError} after a rename */
  update(record: ContainerRecord): Promise<void>;
  /** Forget a container; its directory goes to the trash. Nothing happens when it is gone already. */
  remove(id: string): Promise<void>;
  /** Its directories, in the shape of the snapshot driver's working layer. */
  working(id: string): { readonly dir: string; readonly upper: string; readonly work: string };
}

const MIN_PREFIX = 3;

export function openContainers(layout: Layout, scratch: Scratch): ContainerRecords {
  const directory = (id: string): string => join(layout.containers, id);
  const read = (id: string): ContainerRecord | undefined => readRecord(join(directory(id), 'config.json'), isContainerRecord);
  const list = (): ContainerRecord[] => listNames(layout.containers).flatMap((id) => read(id) ?? []);
  const refuseName = (name: string, exceptId?: string): void => {
    const holder = list().find((record) => record.name === name && record.id !== exceptId);
    if (holder !== undefined) throw new ContainerNameInUseError(name, holder.id);
  };
  return {
    list,
    get(nameOrId) {
      const found = findContainer(list(), nameOrId);
      if (found === undefined) throw new ContainerNotFoundError(nameOrId);
      return found;
    },
    async create(record, working) {
      const complete: ContainerRecord = { id: randomBytes(32).toString('hex'), ...record };
      const made = join(await scratch.dir(), `container-${complete.id}`);
      explainingFailure(made, () => {
        mkdirSync(made, { mode: 0o700 });
        renameSync(working.upper, join(made, 'upper'));
        renameSync(working.work, join(made, 'work'));
      });
      writeRecord(join(made, 'config.json'), complete, await scratch.dir());
      scratch.trash(working.dir);
      // Names are unique, so looking and entering must be one step.
      await withLock(layout.indexLock, 'exclusive', () => {
        refuseName(complete.name);
        explainingFailure(directory(complete.id), () => renameSync(made, directory(complete.id)));
      });
      return complete;
    },
    async update(record) {
      const temporary = await scratch.dir();
      await withLock(layout.indexLock, 'exclusive', () => {
        if (read(record.id) === undefined) throw new ContainerNotFoundError(record.id);
        refuseName(record.name, record.id);
        writeRecord(join(directory(record.id), 'config.json'), record, temporary);
      });
    },
    async remove(id) {
      if (read(id) !== undefined) scratch.trash(directory(id));
    },
    working: (id) => ({
      dir: directory(basename(id)),
      upper: join(directory(basename(id)), 'upper'),
      work: join(directory(basename(id)), 'work'),
    }),
  };
}

function findContainer(records: readonly ContainerRecord[], nameOrId: string): ContainerRecord | undefined {
  const exact = records.find(({ name, id }) => name === nameOrId || id === nameOrId);
  if (exact !== undefined || nameOrId.length < MIN_PREFIX) return exact;
  const [found, ...others] = records.filter(({ id }) => id.startsWith(nameOrId));
  return others.length === 0 ? found : undefined;
}

function isContainerRecord(value: unknown): value is ContainerRecord {
  return (
    isObject(value) &&
    typeof value.id === 'string' &&
    typeof value.name === 'string' &&
    Array.isArray(value.diffIds) &&
    isObject(value.config)
  );
}
