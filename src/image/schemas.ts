import * as v from 'valibot';
import { digestOf, isDigest } from './digest.js';
import { findCaseTwin } from './fold-case.js';

// What a document must look like to be accepted. Objects are loose: fields this project does not know stay, and the bytes are kept anyway.

const MAX_ENTRIES = 10_000;
const string = v.string();
const strings = v.array(string);
const text = v.pipe(string, v.maxLength(64 * 1024));
const mediaType = v.pipe(string, v.maxLength(255));
const digest = v.pipe(string, v.check(isDigest, 'expected sha256 or sha512 and its lower-case hexadecimal digits'));
const byteCount = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const record = v.record(string, string);

// A schema has no state: one stands wherever its like is meant, for each is a dozen objects to make at the start of a build.
const optionalString = v.optional(string);
const optionalStrings = v.optional(strings);
const optionalText = v.optional(text);
const optionalTexts = v.optional(v.array(text));
const optionalMediaType = v.optional(mediaType);
const optionalRecord = v.optional(record);

/** A loose object without members that another reader takes for those of `entries`, whatever their case. */
function unambiguous<E extends v.ObjectEntries>(entries: E) {
  const names = Object.keys(entries);
  return v.pipe(
    v.looseObject(entries),
    v.check((value) => findCaseTwin(value, names) === undefined, 'a member differs from a known one in case only'),
  );
}

export const platformSchema = unambiguous({
  os: text,
  architecture: text,
  variant: optionalText,
  'os.version': optionalText,
  'os.features': optionalTexts,
});

const descriptorSchema = v.pipe(
  unambiguous({
    mediaType,
    digest,
    size: byteCount,
    annotations: optionalRecord,
    platform: v.optional(platformSchema),
    artifactType: optionalMediaType,
    urls: optionalTexts,
    data: optionalString,
  }),
  v.check((descriptor) => hasTrueData(descriptor), '"data" does not have the digest and size of its descriptor'),
);

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md */
export const manifestSchema = v.looseObject({
  schemaVersion: v.literal(2),
  mediaType: optionalMediaType,
  artifactType: optionalMediaType,
  config: descriptorSchema,
  layers: v.pipe(v.array(descriptorSchema), v.maxLength(MAX_ENTRIES)),
  subject: v.optional(descriptorSchema),
  annotations: optionalRecord,
});

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md */
export const indexSchema = v.looseObject({
  schemaVersion: v.literal(2),
  mediaType: optionalMediaType,
  artifactType: optionalMediaType,
  manifests: v.pipe(v.array(descriptorSchema), v.maxLength(MAX_ENTRIES)),
  subject: v.optional(descriptorSchema),
  annotations: optionalRecord,
});

const optionalSet = v.optional(v.record(string, v.looseObject({})));
const optionalInteger = v.optional(v.pipe(v.number(), v.integer()));

const containerConfigSchema = unambiguous({
  User: optionalString,
  ExposedPorts: optionalSet,
  Env: optionalStrings,
  Entrypoint: optionalStrings,
  Cmd: optionalStrings,
  Volumes: optionalSet,
  WorkingDir: optionalString,
  Labels: optionalRecord,
  StopSignal: optionalString,
  ArgsEscaped: v.optional(v.boolean()),
  Healthcheck: v.optional(
    unambiguous({
      Test: optionalStrings,
      Interval: optionalInteger,
      Timeout: optionalInteger,
      StartPeriod: optionalInteger,
      StartInterval: optionalInteger,
      Retries: optionalInteger,
    }),
  ),
  OnBuild: optionalStrings,
  Shell: optionalStrings,
});

const historySchema = unambiguous({
  created: optionalString,
  author: optionalString,
  created_by: optionalString,
  comment: optionalString,
  empty_layer: v.optional(v.boolean()),
});

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md */
export const imageConfigSchema = v.looseObject({
  created: optionalString,
  author: optionalString,
  architecture: text,
  os: text,
  variant: optionalText,
  'os.version': optionalText,
  'os.features': optionalTexts,
  config: v.optional(containerConfigSchema),
  rootfs: unambiguous({
    type: v.literal('layers'),
    // Docker leaves the list out of an image without layers.
    diff_ids: v.optional(v.pipe(v.array(digest), v.maxLength(MAX_ENTRIES)), []),
  }),
  history: v.optional(v.array(historySchema)),
});

function hasTrueData(descriptor: { readonly data?: string | undefined; readonly digest: string; readonly size: number }): boolean {
  if (descriptor.data === undefined) return true;
  const bytes = Buffer.from(descriptor.data, 'base64');
  // Only sha256 is checked inline; an embedded sha512 blob is fetched and verified like any other.
  return bytes.length === descriptor.size && (!descriptor.digest.startsWith('sha256:') || digestOf(bytes) === descriptor.digest);
}
