import { copyDestination, isChmod, type StepSource } from '../builder/graph/index.js';
import { AddedDigest, type Confidants, ConstantStep, type CopySpec, CopyStep } from '../builder/steps/index.js';
import { UsageError } from '../errors.js';
import { Fault, type GitUrl, parseGitUrl } from '../parser/index.js';
import { RemoteSources } from './build/contexts/remote-sources.js';
import { SourceGate } from './build/source-gate.js';
import { openContainerFiles } from './containers/container-files.js';
import { containerToolbox } from './containers/container-toolbox.js';
import { type CopyOriginOptions, openCopyOrigin } from './containers/copy-origin.js';
import { nop } from './containers/edit-container.js';
import { withContainerFiles } from './containers/with-container.js';
import type { Services } from './context.js';

export interface CopyOptions extends CopyOriginOptions {
  readonly container: string;
  /** Paths, wildcards, URLs. */
  readonly sources: readonly string[];
  /** Left out: the container's working directory. */
  readonly destination: string | undefined;
  /** `add`: local archives are unpacked. */
  readonly unpack: boolean;
  readonly chown?: string | undefined;
  readonly chmod?: string | undefined;
  readonly exclude: readonly string[];
  /** `sha256:<hex>` of the one URL. */
  readonly checksum?: string | undefined;
  /** Seconds since 1970 that everything copied gets as its time. */
  readonly timestamp?: number | undefined;
  readonly addHistory: boolean;
  /** False: nobody looks at the digest, and what it costs can be saved. */
  readonly isDigestShown: boolean;
}

export interface CopyResult {
  /** What Buildah prints of the content, hexadecimal digits; where that cannot be had, another digest of the same. */
  readonly digest: string;
}

/** Copies files into a working container, as COPY and ADD would. */
export async function copyIntoContainer(options: CopyOptions, services: Services): Promise<CopyResult> {
  const verb = options.unpack ? 'ADD' : 'COPY';
  return withContainerFiles(options.container, services, async (record, workspace) => {
    const files = await openContainerFiles(record, workspace, services);
    const opened = await openCopyOrigin(options, workspace, services);
    const remote = new RemoteSources({ store: workspace.store, gate: new SourceGate(undefined), confidants: NO_CONFIDANTS, services });
    try {
      const workingDirectory = record.config.config?.WorkingDir || '/';
      const toolbox = containerToolbox(record, { store: workspace.store, snapshots: files.snapshots }, services, {
        remote: {
          download: (url, asked) => remote.download(url, asked),
          openRepository: (url, asked) => remote.openRepository(url, 'user', asked),
        },
      });
      const step = new CopyStep(
        verb,
        new ConstantStep('container', files.root),
        specOf(options, workingDirectory, opened.sourceOf),
        opened.origin,
        toolbox,
      );
      const { signal } = services;
      if (options.isDigestShown || options.addHistory) step.added = new AddedDigest();
      const key = await step.key([files.root], { signal });
      await step.run([files.root], key, { signal });
      const contentDigest = step.added?.value ?? key.inputs['copy.content'] ?? '';
      await toolbox.background.done();
      if (options.addHistory) {
        const entry = nop(`${verb} ${contentDigest}`, toolbox.now());
        await workspace.store.containers.update({ ...record, addedHistory: [...(record.addedHistory ?? []), entry] });
      }
      return { digest: contentDigest.slice(contentDigest.indexOf(':') + 1) };
    } finally {
      await remote.close();
      await opened.close();
    }
  });
}

function specOf(options: CopyOptions, workingDirectory: string, sourceOf: (written: string) => string): CopySpec {
  const { chown, chmod, exclude, parents, unpack, checksum } = options;
  if (chmod !== undefined && !isChmod(chmod))
    throw new UsageError(`parsing chmod ${JSON.stringify(chmod)}: invalid syntax`, {
      hint: 'Use octal digits, or clauses such as u=rwX,go=rX',
    });
  const common = {
    sources: options.sources.map((source) => sourceFrom(source, options, sourceOf)),
    destination:
      options.destination === undefined ? copyDestination(workingDirectory, './') : copyDestination(workingDirectory, options.destination),
    chown,
    chmod,
    exclude,
    link: false,
    timeSeconds: options.timestamp,
  };
  // Only what ADD fetches can be held to a checksum.
  if (!unpack && checksum === undefined) return { ...common, kind: 'copy', parents };
  return { ...common, kind: 'add', checksum, keepGitDir: undefined, unpack: unpack ? undefined : false };
}

/** What comes from elsewhere has no secrets to ask for: git finds what it needs in the user's own surroundings. */
const NO_CONFIDANTS: Confidants = { secret: () => undefined, openSshAgent: async () => undefined };

function sourceFrom(written: string, { unpack, from }: CopyOptions, sourceOf: (written: string) => string): StepSource {
  const git = from === undefined ? readGitUrl(written) : undefined;
  if (git !== undefined) {
    if (!unpack) throw new UsageError(`${written}: a git repository is no source of copy`, { hint: 'Use add' });
    return { kind: 'git', url: git };
  }
  return /^https?:\/\//.test(written) && from === undefined ? { kind: 'url', url: written } : { kind: 'path', path: sourceOf(written) };
}

function readGitUrl(text: string): GitUrl | undefined {
  try {
    return parseGitUrl(text);
  } catch (error) {
    if (error instanceof Fault) throw new UsageError(error.problem, { hint: error.hint, cause: error });
    throw error;
  }
}
