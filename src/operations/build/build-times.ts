import { UsageError } from '../../errors.js';

/** What the user said of times. All in seconds since 1970. */
export interface TimeOptions {
  /** `--timestamp`. */
  readonly timestamp?: number | undefined;
  /** `--source-date-epoch`. */
  readonly sourceDateEpoch?: number | undefined;
  readonly rewriteTimestamp?: boolean | undefined;
  /** `SOURCE_DATE_EPOCH` as a build argument is said as with the flag, which goes before it. */
  readonly buildArgs: Readonly<Record<string, string | undefined>>;
}

/** Which times a build writes. All in seconds since 1970. */
export interface BuildTimes {
  /** Of the image, its history and everything that is written outside the store; undefined: the time now. */
  readonly imageSeconds: number | undefined;
  /** Of every file in new layers. */
  readonly forceSeconds: number | undefined;
  /** No file in a new layer is younger. */
  readonly clampSeconds: number | undefined;
  /** What `ARG SOURCE_DATE_EPOCH` gives. */
  readonly argument: string | undefined;
}

/**
 * The rules of Buildah: `--timestamp` and `--source-date-epoch` exclude each other, and the variable counts as the second.
 *
 * @param environmentEpoch SOURCE_DATE_EPOCH of the user's environment
 * @throws {UsageError} both, or a build argument that is no number
 */
export function chooseTimes(options: TimeOptions, environmentEpoch: number | undefined): BuildTimes {
  const { timestamp, rewriteTimestamp, buildArgs } = options;
  const written = buildArgs[ARGUMENT];
  const epoch = options.sourceDateEpoch ?? parseEpoch(written) ?? environmentEpoch;
  if (timestamp !== undefined) {
    if (epoch !== undefined) throw exclusion(options);
    return { imageSeconds: timestamp, forceSeconds: timestamp, clampSeconds: undefined, argument: undefined };
  }
  return {
    imageSeconds: epoch,
    forceSeconds: undefined,
    clampSeconds: rewriteTimestamp === true ? epoch : undefined,
    argument: written ?? (epoch === undefined ? undefined : String(epoch)),
  };
}

const ARGUMENT = 'SOURCE_DATE_EPOCH';

function parseEpoch(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (!/^\d{1,12}$/.test(text)) throw new UsageError(`invalid ${ARGUMENT}: ${text}`, { hint: 'It is a number of seconds since 1970' });
  return Number(text);
}

function exclusion({ sourceDateEpoch, buildArgs }: TimeOptions): UsageError {
  if (sourceDateEpoch !== undefined) return new UsageError('cannot use --timestamp and --source-date-epoch together');
  const origin = buildArgs[ARGUMENT] === undefined ? `the environment sets ${ARGUMENT}` : `--build-arg sets ${ARGUMENT}`;
  return new UsageError(`cannot use --timestamp and --source-date-epoch together, and ${origin}`, { hint: 'Leave one of the two out' });
}
