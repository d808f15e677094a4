import type { Compression, ImageFormat } from '../../image/index.js';
import type { Services } from '../context.js';
import type { PullPolicy } from '../pull.js';
import type { RegistryOptions } from '../registry-access.js';
import type { ScanOptions } from '../sbom/scan-options.js';
import type { CommandOptions } from '../surroundings/command-surroundings.js';
import type { DnsOptions } from '../surroundings/dns-flags.js';
import type { IsolationOptions } from '../surroundings/isolation-flag.js';
import type { UserNamespaceOptions } from '../surroundings/user-namespace.js';
import { type BuildTimes, chooseTimes } from './build-times.js';
import type { ImageOptions } from './describe-image.js';
import type { ResultFiles } from './result-files.js';

export interface BuildOptions extends RegistryOptions, ImageOptions, ResultFiles {
  /** A directory; or `-`, a URL or a git repository, which are fetched. */
  readonly contextDirectory: string;
  /** Further contexts, `NAME=VALUE`. */
  readonly buildContexts?: readonly string[] | undefined;
  /** An image in place of that of the first FROM. */
  readonly from?: string | undefined;
  /** For the C preprocessor, which Containerfiles named `.in` go through. */
  readonly cppFlags?: readonly string[] | undefined;
  /** Containerfiles, joined in order; none: the context's own. */
  readonly files: readonly string[];
  /**
   * Names for the image, as given: `NAME` for that of the last target, `STAGE=NAME` for another. One that begins with a transport is a place
   * the last target is sent to.
   */
  readonly tags: readonly string[];
  /** Values of ARGs; one that is not there leaves the ARG's default. */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Stages to build; none: the last. */
  readonly targets: readonly string[];
  readonly noCache: boolean;
  /** Stages that take nothing from the cache, by name or number; each may be a list with commas. */
  readonly noCacheFilter?: readonly string[] | undefined;
  /** Go duration: an older outcome is not taken. */
  readonly cacheTtl?: string | undefined;
  /** Report of each step whether the cache had it, and if not why. */
  readonly explain?: boolean;
  /** Where outcomes of steps are found that other machines, or earlier builds, have exported. */
  readonly cacheFrom: readonly string[];
  /** Where the outcomes of this build's steps are written. */
  readonly cacheTo: readonly string[];
  /** False: one layer for all of a stage, and no cache. */
  readonly layers: boolean;
  readonly format: ImageFormat;
  readonly compression?: { readonly format: Compression; readonly level?: number } | undefined;
  readonly network?: string | undefined;
  readonly dns?: DnsOptions | undefined;
  readonly isolation?: IsolationOptions | undefined;
  /** False: commands find the image's own /etc/hosts, /etc/hostname. */
  readonly writeHosts?: boolean | undefined;
  readonly writeHostname?: boolean | undefined;
  readonly pull: PullPolicy;
  /** What is written besides the image in the store, of the last target, each as `parseOutput` reads it. */
  readonly outputs?: readonly string[] | undefined;
  /** Where an output goes that asks for standard output. */
  readonly standardOutput: (bytes: Uint8Array) => void;
  /** Keep the images of the stages that the target needed, without a name. */
  readonly saveStages?: boolean | undefined;
  /** Say in labels of those images which stages they are. */
  readonly stageLabels?: boolean | undefined;
  /** One image each, several in an index; none: this machine's. `local` is this machine's. */
  readonly platforms: readonly string[];
  /** Whatever platforms the base images have. */
  readonly allPlatforms?: boolean;
  /** Name of an index that gets the images too, beside those it has for other platforms. */
  readonly manifest?: string | undefined;
  /** BuildKit's source policy: which images, downloads and repositories may be used, and what is used in their place. */
  readonly sourcePolicyFile?: string | undefined;
  /** Build only as far as the instruction at, or before, this line of the Containerfile. */
  readonly until?: number | undefined;
  /** Open a shell at the terminal in what was built, before it is finished. */
  readonly shell?: boolean;
  /** `shell`: open one in the file system of a command that fails. */
  readonly onError?: 'stop' | 'shell' | undefined;
  /** Steps at a time, 0: no limit; left out: the number of processors, and more while running commands leave some of them alone. */
  readonly jobs?: number | undefined;
  /** Compress the base's layers too, where they are compressed in another way. */
  readonly forceCompression?: boolean | undefined;
  readonly ignoreFile?: string | undefined;
  readonly addHosts: readonly string[];
  /** What RUN commands get. */
  readonly commands: CommandOptions;
  /** Of commands; left out: that of the builder. */
  readonly userNamespace?: UserNamespaceOptions | undefined;
  /** What RUN commands may ask for beyond that: BuildKit's entitlements. */
  readonly allow: readonly string[];
  /** What RUN commands do below the volumes of the image is undone. */
  readonly compatVolumes?: boolean | undefined;
  /** A scanner that makes a list of what is in each target. */
  readonly scan?: ScanOptions | undefined;
  /** Hand on the proxy variables of the environment; default true. */
  readonly httpProxy?: boolean | undefined;
}

export type TimedOptions = BuildOptions & { readonly times: BuildTimes };

/** The options with the times they mean, which an ARG may ask for too. */
export function withTimes(options: BuildOptions, { settings }: Services): TimedOptions {
  const times = chooseTimes(options, settings.sourceDateEpoch);
  const argument = times.argument === undefined ? {} : { SOURCE_DATE_EPOCH: times.argument };
  return { ...options, buildArgs: { ...argument, ...options.buildArgs }, times };
}
