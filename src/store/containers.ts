import { mkdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Descriptor, DiffId, HistoryEntry, ImageConfig, ImageFormat } from '../image/index.js';
import { type IdMaps, randomName } from '../sys/index.js';
import { ContainerNameInUseError, ContainerNotFoundError } from './errors.js';
import type { Layout } from './layout.js';
import { withLock } from './locks.js';
import { isObject, listNames, readRecord, writeRecord } from './record-files.js';
import { removeOverlayWork } from './remove-overlay-work.js';
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
  /** Of the user namespace of its commands, where it is not that of who runs them. */
  readonly idMaps?: IdMaps;
  /** Entries that `--add-history` has added to those of `config`. */
  readonly addedHistory?: readonly HistoryEntry[];
  /** What the commit's own entry of the history says. */
  readonly historyNotes?: { readonly createdBy?: string; readonly comment?: string };
  /** What only images of Docker's format can hold. */
  readonly dockerOnly?: DockerOnly;
  /** What `from` was told of commands; a flag of `run` goes before it. */
  readonly defaults?: CommandDefaults;
}

export interface DockerOnly {
  readonly comment?: string;
  readonly hostname?: string;
  readonly domainname?: string;
}

/** Flags as they were written. */
export interface CommandDefaults {
  readonly volumes?: readonly string[];
  readonly devices?: readonly string[];
  readonly limits?: readonly string[];
  readonly addHosts?: readonly string[];
  readonly shmSize?: string;
  readonly network?: string;
  readonly isolation?: string;
  /** By the names of the flags, in camel case. */
  readonly resources?: object;
  readonly dns?: {
    readonly servers?: readonly string[] | undefined;
    readonly search?: readonly string[] | undefined;
    readonly options?: readonly string[] | undefined;
  };
  readonly cdiDirectories?: readonly string[];
  /** Absent: handed on. */
  readonly httpProxy?: boolean;
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
  /**
   * As {@link create}, with the first name that `nameOf` gives for 0, 1, ... and that nobody has taken.
   */
  createNamed(
    nameOf: (number: number) => string,
    record: Omit<ContainerRecord, 'id' | 'name'>,
    working: { readonly dir: string; readonly upper: string; readonly work: string },
  ): Promise<ContainerRecord>;
  /** Replace the record of the container with the same ID. @throws {ContainerNotFoundError} @throws {ContainerNameInUseError} after a rename */
  update(record: ContainerRecord): Promise<void>;
  /** Forget a container; its directory goes to the trash. Nothing happens when it is gone already. */
  remove(id: string): Promise<void>;
  /** Trash what commands, also killed ones, have left beside its files; nothing happens when it is gone. Whoever calls it holds the container's lock. */
  tidy(id: string): void;
  /** Its directories, in the shape of the snapshot driver's working layer. `work` is for a mount that lasts; commands have their own. */
  working(id: string): { readonly dir: string; readonly upper: string; readonly work: string };
}

const MIN_PREFIX = 3;
const WHOLE_ID = /^[0-9a-f]{64}$/;

export function openContainers(layout: Layout, scratch: Scratch): ContainerRecords {
  const directory = (id: string): string => join(layout.containers, id);
  const read = (id: string): ContainerRecord | undefined => readRecord(join(directory(id), 'config.json'), isContainerRecord);
  const list = (): ContainerRecord[] => listNames(layout.containers).flatMap((id) => read(id) ?? []);
  const refuseName = (name: string, exceptId?: string): void => {
    const holder = list().find((record) => record.name === name && record.id !== exceptId);
    if (holder !== undefined) throw new ContainerNameInUseError(name, holder.id);
  };
  const enter = async (
    working: { readonly dir: string; readonly upper: string; readonly work: string },
    named: () => Omit<ContainerRecord, 'id'>,
  ): Promise<ContainerRecord> => {
    const id = randomName(32);
    const temporary = await scratch.dir();
    const made = join(temporary, `container-${id}`);
    explainingFailure(made, () => {
      mkdirSync(made, { mode: 0o700 });
      renameSync(working.upper, join(made, 'upper'));
      renameSync(working.work, join(made, 'work'));
    });
    scratch.trash(working.dir);
    // Names are unique, so looking and entering must be one step.
    return withLock(layout.indexLock, 'exclusive', () => {
      const complete: ContainerRecord = { id, ...named() };
      writeRecord(join(made, 'config.json'), complete, temporary);
      explainingFailure(directory(id), () => renameSync(made, directory(id)));
      return complete;
    });
  };
  return {
    list,
    get(nameOrId) {
      // A whole ID needs no look at the others; who holds a container asks for it a second time.
      const found = (WHOLE_ID.test(nameOrId) ? read(nameOrId) : undefined) ?? findContainer(list(), nameOrId);
      if (found === undefined) throw new ContainerNotFoundError(nameOrId);
      return found;
    },
    create: (record, working) =>
      enter(working, () => {
        refuseName(record.name);
        return record;
      }),
    createNamed: (nameOf, record, working) =>
      enter(working, () => {
        const taken = new Set(list().map(({ name }) => name));
        for (let number = 0; ; number++) {
          const name = nameOf(number);
          if (!taken.has(name)) return { ...record, name };
        }
      }),
    async update(record) {
      const temporary = await scratch.dir();
      await withLock(layout.indexLock, 'exclusive', () => {
        const before = read(record.id);
        if (before === undefined) throw new ContainerNotFoundError(record.id);
        if (record.name !== before.name) refuseName(record.name, record.id);
        writeRecord(join(directory(record.id), 'config.json'), record, temporary);
      });
    },
    async remove(id) {
      if (read(id) !== undefined) scratch.trash(directory(id));
    },
    tidy(id) {
      for (const name of listNames(directory(basename(id)))) {
        if (!name.startsWith('work-')) continue;
        const work = join(directory(basename(id)), name);
        if (!removeOverlayWork(work)) scratch.trash(work);
      }
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
