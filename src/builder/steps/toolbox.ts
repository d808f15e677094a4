import type { ContextSource } from '../../context/index.js';
import type { Compression } from '../../image/index.js';
import type { GitUrl } from '../../parser/index.js';
import type { Reporter, StepLabel } from '../../progress.js';
import type { SnapshotDriver } from '../../snapshots/index.js';
import type { Store } from '../../store/index.js';
import type { BackgroundWork } from './background-work.js';
import type { RunFailedError } from './errors.js';
import type { StepCache } from './step-cache.js';

/** Something that is read from elsewhere, as source policies name it. */
export interface ForeignSource {
  readonly identifier: string;
  readonly attrs: Readonly<Record<string, string>>;
}

export interface DownloadOptions {
  /** Where the bytes go. */
  readonly file: string;
  /** What an earlier answer said: where the server says that nothing has changed, nothing is fetched. */
  readonly unless?: DownloadMarks | undefined;
  readonly signal: AbortSignal;
}

/** What a server says by which it recognizes the state of a file. */
export interface DownloadMarks {
  readonly etag?: string | undefined;
  /** As in the header. */
  readonly lastModified?: string | undefined;
}

export interface Downloaded {
  /** `sha256:<hex>` */
  readonly digest: string;
  readonly sizeBytes: number;
  readonly marks: DownloadMarks;
}

/** What the steps of one build share. */
export interface Toolbox {
  readonly store: Store;
  readonly snapshots: SnapshotDriver;
  readonly cache: StepCache;
  readonly reporter: Reporter;
  readonly background: BackgroundWork;
  /** The user's wish to stop. A failing step does not stop the writing of layers that are done: the next build finds them. */
  readonly interrupted: AbortSignal;
  /** Records of other stores are among those that are looked up. */
  readonly importsCache?: boolean | undefined;
  /** How new layers are compressed. */
  readonly compression: Compression;
  readonly compressionLevel: number | undefined;
  /** Whether a step's changes become a layer of their own, or one for the whole stage. */
  readonly layerPerStep: boolean;
  /** Owners other than this user's cannot be set, only recorded. */
  readonly singleId: boolean;
  /** `linux/amd64`: part of the key of every step that runs or writes something. */
  readonly platform: string;
  /** Seconds since 1970 that every file of a new layer gets as its mtime; undefined: its own. */
  readonly timestampSeconds: number | undefined;
  /** Seconds since 1970 that no file of a new layer is younger than. */
  readonly clampSeconds?: number | undefined;
  /**
   * What may be read in place of a download or a git repository, by the source policy.
   *
   * @throws when it is forbidden
   */
  readonly admitSource: (source: ForeignSource) => ForeignSource;
  /**
   * Looks into a command that failed, before its file system goes; `openShell` runs a shell there, with the command's mounts and
   * environment and these further variables.
   */
  readonly onFailedCommand?:
    | ((failure: RunFailedError, step: StepLabel, openShell: (env: readonly string[]) => Promise<void>) => Promise<void>)
    | undefined;
  /** Fetches a URL for ADD. */
  readonly download: (url: string, options: DownloadOptions) => Promise<Downloaded | 'unchanged'>;
  /** A git repository of ADD, its commit known; the policy has admitted it. Its files are fetched when they are needed. */
  readonly openRepository: (url: GitUrl, signal: AbortSignal) => Promise<ContextSource>;
  /** The time now, RFC 3339. */
  readonly now: () => string;
}
