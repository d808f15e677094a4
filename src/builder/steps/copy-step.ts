import { constants, createReadStream, openSync, readSync } from 'node:fs';
import type { ContextSource, SelectedSource } from '../../context/index.js';
import { ARCHIVE_HEAD_BYTES, ArchiveInvalidError, extractArchive, isArchive, PathEscapeError } from '../../layers/index.js';
import {
  type CopyEntry,
  type CopyTree,
  closeFd,
  copyEntries,
  type Fd,
  openat2,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
} from '../../sys/index.js';
import type { AddStep as GraphAddStep, CopyStep as GraphCopyStep } from '../graph/index.js';
import type { Step, StepKey } from '../scheduler/index.js';
import type { AddedDigest } from './added-digest.js';
import { CopyAhead, type DigestsByTree } from './copy-ahead.js';
import { bytesOf, type Placement, placeCopy } from './copy-placement.js';
import { type CopyFirst, type CopyOrigin, type CopySourcesOptions, digestSources, type SourceGroup, withSources } from './copy-sources.js';
import { CopyHistory } from './earlier-copy.js';
import { ArchiveSourceError } from './errors.js';
import { lookUpOwner } from './image-user.js';
import { type LooseFiles, makeLooseFiles } from './loose-files.js';
import { makeDirectories } from './make-directories.js';
import type { RootState } from './root-state.js';
import type { UnwrittenFiles } from './seal-layer.js';
import { commonInputs, type StepInputs } from './step-definition.js';
import { type ExplainableKey, explainableKey, type Selection } from './step-key.js';
import type { Toolbox } from './toolbox.js';
import { copyDirectories, modesOf } from './unwritten-copy.js';
import { sealWritten, type Workplace, writeStep } from './write-step.js';

/** What is copied and where, of COPY, of ADD, or of the commands of those names. */
export type CopySpec = (CopyFields<GraphCopyStep> | CopyFields<GraphAddStep>) & {
  /** Modification time of everything that is copied, in seconds since 1970; left out: the sources' own. */
  readonly timeSeconds?: number | undefined;
};
type CopyFields<S> = Omit<S, 'instruction' | 'display' | 'createdBy' | 'triggered' | 'before' | 'after' | 'from'>;

type Owner = { readonly uid: number; readonly gid: number };
const ROOT: Owner = { uid: 0, gid: 0 };
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;

/** COPY and ADD: brings files into the parent's file system. Its key holds what is copied by content, whatever it is called elsewhere. */
export class CopyStep implements Step<RootState> {
  readonly inputs: readonly Step<RootState>[];
  #keyInputs: StepInputs = {};
  #loose: LooseFiles | undefined;
  #selection: Selection = { digest: '' };
  #repositories: readonly ContextSource[] = [];
  #ahead: CopyAhead | undefined;

  /** Nobody is known to run on what it gives, or to copy from it: its files need not be written. */
  isUnseen = false;
  /** The parent is scratch, and the layer is for something else to lie on: `--link`. */
  isLinked = false;
  /** Is told of everything that is copied, for commands that print its digest. */
  added: AddedDigest | undefined;

  constructor(
    readonly label: string,
    readonly parent: Step<RootState>,
    readonly spec: CopySpec,
    readonly from: { readonly context: ContextSource } | { readonly root: Step<RootState> } | { readonly directory: Fd },
    readonly toolbox: Toolbox,
  ) {
    this.inputs = 'root' in from ? [parent, from.root] : [parent];
  }

  async key(inputs: readonly RootState[], { signal }: { readonly signal: AbortSignal }): Promise<ExplainableKey> {
    const { spec, toolbox } = this;
    this.#loose = await makeLooseFiles(spec.sources, spec.kind === 'add' ? spec.checksum : undefined, toolbox, signal);
    const urls = spec.sources.flatMap((source) => (source.kind === 'git' ? [source.url] : []));
    this.#repositories = await Promise.all(urls.map((url) => toolbox.openRepository(url, signal)));
    const selection = await this.#digest(inputs, signal);
    this.#selection = selection;
    this.#keyInputs = { 'copy.content': selection.digest, ...this.#inputsBesideContent() };
    return { ...explainableKey('copy', this.#keyInputs, inputs[0]!, { 'copy.content': selection }), unused: () => this.#ahead?.drop() };
  }

  async run(inputs: readonly RootState[], key: StepKey, options: { readonly signal: AbortSignal }): Promise<RootState> {
    const { toolbox } = this;
    const createdAt = toolbox.now();
    const history = this.#history(inputs[0]!);
    const root = await this.#write(inputs, history, options);
    if (root.addedLayer) toolbox.background.add(this.#record(key, root, createdAt, history));
    return { ...root, createdAt };
  }

  async #write(inputs: readonly RootState[], history: CopyHistory, options: { readonly signal: AbortSignal }): Promise<RootState> {
    const { toolbox } = this;
    const writing = { ...options, moves: this.isLinked };
    const written = this.#ahead?.take();
    if (written !== undefined) return sealWritten(inputs[0]!, written, toolbox, writing);
    return writeStep(inputs[0]!, toolbox, writing, async ({ lowers, working }) => {
      return withSources(this.#sources(), this.#origin(inputs), toolbox, options.signal, async (groups) => {
        const chown = await this.#owner({ lowers, working });
        const [only, ...others] = groups;
        if (only !== undefined && others.length === 0 && this.#mayLeaveUnwritten())
          return this.#copy({ lowers, working }, only, chown, { ...options, leaveFiles: true });
        for (const [at, group] of groups.entries()) {
          // What was written past an overlay shows in the next one.
          const place = at === 0 ? working : await toolbox.snapshots.reopen(working);
          await this.#copy(
            { lowers, working: place },
            group,
            chown,
            groups.length === 1 && !this.isLinked ? { ...options, history } : options,
          );
        }
        return undefined;
      });
    });
  }

  /** Of a copy that is most likely new, files are copied while they are digested. */
  async #digest(inputs: readonly RootState[], signal: AbortSignal): Promise<Selection> {
    const { from, spec, toolbox } = this;
    const digest = (copyFirst?: CopyFirst): Promise<Selection> =>
      digestSources({ ...this.#sources(), copyFirst }, this.#origin(inputs), toolbox, signal);
    const isOneTree = 'context' in from && from.context.revision === undefined && spec.sources.every(({ kind }) => kind === 'path');
    if (!isOneTree || this.isUnseen || this.isLinked || spec.chmod !== undefined) return digest();
    const ahead = new CopyAhead(this.#history(inputs[0]!));
    if (!(await ahead.isWorthwhile())) return digest();
    this.#ahead = ahead;
    const { root } = await from.context.open(signal);
    return ahead.digest({
      root,
      digest,
      signal,
      copy: async (workplace, group, digests) => {
        const chown = await this.#owner(workplace);
        await this.#copy(workplace, group, chown, { signal, digests });
      },
    });
  }

  /** Who `--chown` names, as the image is before anything is copied. */
  async #owner({ lowers, working: { upper } }: Workplace): Promise<Owner | undefined> {
    const { chown } = this.spec;
    if (chown === undefined) return undefined;
    const merged = await this.toolbox.snapshots.openMerged([upper, ...lowers]);
    try {
      return lookUpOwner(merged, chown);
    } finally {
      closeFd(merged);
    }
  }

  /** Links in the way of `--parents` are followed by the copy alone; a stage without layers has no layer to join. */
  #mayLeaveUnwritten(): boolean {
    const { spec, toolbox } = this;
    const parents = spec.kind === 'copy' && spec.parents;
    return (
      (this.isUnseen || this.isLinked) &&
      !parents &&
      this.#loose === undefined &&
      toolbox.layerPerStep &&
      toolbox.snapshots.kind === 'overlay'
    );
  }

  /** @returns the files that were left where they are */
  async #copy(
    { lowers, working }: Workplace,
    group: SourceGroup,
    chown: Owner | undefined,
    { signal, leaveFiles = false, history, digests }: CopyOptions,
  ): Promise<UnwrittenFiles | undefined> {
    const { spec } = this;
    const { snapshots } = this.toolbox;
    const merged = await snapshots.openMerged(lowers, working);
    const direct = snapshots.kind === 'overlay' ? openSync(working.upper, constants.O_RDONLY | constants.O_DIRECTORY) : undefined;
    try {
      const placement: Placement = {
        destination: spec.destination,
        several: spec.sources.length > 1,
        parents: spec.kind === 'copy' && spec.parents,
        owner: chown ?? (group.keepOwners ? undefined : ROOT),
        chmod: spec.chmod,
        timeSeconds: spec.timeSeconds,
      };
      if (placement.parents || (this.#loose !== undefined && spec.sources.length > 1) || this.#repositories.length > 0)
        this.added?.giveUp();
      const { archives, others } = this.#unpacks() ? await separateArchives(group) : { archives: [], others: group.sources };
      if (archives.length > 0) this.added?.giveUp();
      for (const archive of archives) await this.#extract(merged, group.root, archive, chown, signal);
      if (others.length === 0) return undefined;
      const { directories, entries, parts } = placeCopy(merged, others, placement);
      this.added?.add(group.root, others, entries, { ...placement, downloaded: this.#loose !== undefined });
      makeDirectories(merged, directories.map(bytesOf), chown ?? ROOT);
      if (leaveFiles && archives.length === 0) {
        const left = await copyDirectories(group.root, merged, entries, modesOf(others));
        if (left !== undefined) return left;
      }
      const earlier = group.keepOwners || archives.length > 0 ? undefined : await history?.open(this.#selection);
      try {
        // Whether a file may be shared is asked one by one.
        const wanted = earlier !== undefined ? entries : digests !== undefined ? withDigests(parts, digests) : parts;
        await copyEntries({ source: group.root, target: merged, direct, earlier, entries: wanted, xattrs: true });
      } finally {
        earlier?.close();
      }
      return undefined;
    } finally {
      closeFd(merged);
      if (direct !== undefined) closeFd(direct);
    }
  }

  async #extract(merged: Fd, root: Fd, archive: SelectedSource, owner: Owner | undefined, signal: AbortSignal): Promise<void> {
    makeDirectories(merged, [this.spec.destination], owner ?? ROOT);
    const fd = openFile(root, archive.path);
    try {
      const source = { file: `/proc/self/fd/${fd}` };
      await extractArchive(
        { source, target: merged, prefix: Buffer.from(this.spec.destination), ...(owner === undefined ? {} : { owner }) },
        { signal },
      );
    } catch (error) {
      if (error instanceof ArchiveInvalidError || error instanceof PathEscapeError)
        throw new ArchiveSourceError(archive.name.toString(), error);
      throw error;
    } finally {
      closeFd(fd);
    }
  }

  #inputsBesideContent(): StepInputs {
    const { spec } = this;
    return {
      'copy.destination': spec.destination,
      'copy.several': String(spec.sources.length > 1),
      'copy.chown': spec.chown ?? '',
      'copy.chmod': spec.chmod ?? '',
      'copy.owners': String(!('context' in this.from)),
      'copy.parents': String(spec.kind === 'copy' && spec.parents),
      'copy.unpack': String(this.#unpacks()),
      ...commonInputs(this.toolbox),
    };
  }

  #history(parent: RootState): CopyHistory {
    const { sources, exclude } = this.spec;
    const written = { 'copy.sources': JSON.stringify(sources), 'copy.exclude': JSON.stringify(exclude) };
    return new CopyHistory({ ...this.#inputsBesideContent(), ...written }, parent, this.toolbox);
  }

  #sources(): CopySourcesOptions {
    const { spec } = this;
    const parents = spec.kind === 'copy' && spec.parents;
    return {
      sources: spec.sources,
      exclude: spec.exclude,
      parents,
      loose: this.#loose,
      repositories: this.#repositories,
      selected: this.#selection.selected,
    };
  }

  /** Local archives only, unless the instruction says otherwise: `--unpack`. */
  #unpacks(): boolean {
    const { spec } = this;
    return spec.kind === 'add' && (spec.unpack ?? spec.sources.every((source) => source.kind === 'path'));
  }

  #origin(inputs: readonly RootState[]): CopyOrigin {
    return 'root' in this.from ? { root: inputs[1]! } : this.from;
  }

  async #record(key: StepKey, root: RootState, createdAt: string, history: CopyHistory): Promise<void> {
    const layer = root.layers.at(-1)!;
    await layer.stored;
    const identity = await layer.identity;
    await this.toolbox.cache.record(key, this.#keyInputs, { layer: identity }, createdAt);
    // Of a layer without files there is nothing to share.
    if (layer.files !== undefined) await history.remember(this.#selection, identity.diffId, createdAt);
  }
}

interface CopyOptions {
  readonly signal: AbortSignal;
  readonly leaveFiles?: boolean;
  readonly history?: CopyHistory;
  /** Of what is copied: filled in where files are still to be read. */
  readonly digests?: DigestsByTree;
}

function* withDigests(parts: Iterable<CopyEntry | CopyTree>, digests: DigestsByTree): Generator<CopyEntry | CopyTree> {
  for (const part of parts) yield 'tree' in part ? { ...part, digests: digests.get(part.tree) } : part;
}

/** Local archives are unpacked by what they hold, not by their name. */
async function separateArchives(group: SourceGroup): Promise<{ archives: readonly SelectedSource[]; others: readonly SelectedSource[] }> {
  const archives: SelectedSource[] = [];
  const others: SelectedSource[] = [];
  for (const source of group.sources) {
    // A device or a fifo is never read.
    const [itself] = source.entries;
    const isFile = ((itself?.stat.mode ?? 0) & S_IFMT) === S_IFREG;
    const isOne = isFile && (await isArchive(readHead(group.root, source.path), () => readFile(group.root, source.path))) !== undefined;
    (isOne ? archives : others).push(source);
  }
  return { archives, others };
}

function readHead(root: Fd, path: Buffer): Buffer {
  const fd = openFile(root, path);
  try {
    const head = Buffer.alloc(ARCHIVE_HEAD_BYTES);
    return head.subarray(0, readSync(fd, head, 0, head.length, 0));
  } finally {
    closeFd(fd);
  }
}

/** Closes the file when the reader goes. */
async function* readFile(root: Fd, path: Buffer): AsyncGenerator<Uint8Array> {
  yield* createReadStream('', { fd: openFile(root, path) });
}

function openFile(root: Fd, path: Buffer): Fd {
  return openat2(root, path, {
    flags: constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    resolve: RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
  });
}
