import * as v from 'valibot';
import { digestOf, isDigest } from './digest.js';
import { findCaseTwin } from './fold-case.js';

// What a document must look like to be accepted. Objects are loose: fields this project does not know stay, and the bytes are kept anyway.

const MAX_ENTRIES = 10_000;
const text = v.pipe(v.string(), v.maxLength(64 * 1024));
const mediaType = v.pipe(v.string(), v.maxLength(255));
const digest = v.pipe(v.string(), v.check(isDigest, 'expected sha256 or sha512 and its lower-case hexadecimal digits'));
const byteCount = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const annotations = v.record(v.string(), v.string());

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
  variant: v.optional(text),
  'os.version': v.optional(text),
  'os.features': v.optional(v.array(text)),
});

const descriptorSchema = v.pipe(
  unambiguous({
    mediaType,
    digest,
    size: byteCount,
    annotations: v.optional(annotations),
    platform: v.optional(platformSchema),
    artifactType: v.optional(mediaType),
    urls: v.optional(v.array(text)),
    data: v.optional(v.string()),
  }),
  v.check((descriptor) => hasTrueData(descriptor), '"data" does not have the digest and size of its descriptor'),
);

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md */
export const manifestSchema = v.looseObject({
  schemaVersion: v.literal(2),
  mediaType: v.optional(mediaType),
  artifactType: v.optional(mediaType),
  config: descriptorSchema,
  layers: v.pipe(v.array(descriptorSchema), v.maxLength(MAX_ENTRIES)),
  subject: v.optional(descriptorSchema),
  annotations: v.optional(annotations),
});

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md */
export const indexSchema = v.looseObject({
  schemaVersion: v.literal(2),
  mediaType: v.optional(mediaType),
  artifactType: v.optional(mediaType),
  manifests: v.pipe(v.array(descriptorSchema), v.maxLength(MAX_ENTRIES)),
  subject: v.optional(descriptorSchema),
  annotations: v.optional(annotations),
});

const emptyObjects = v.record(v.string(), v.looseObject({}));
const nanoseconds = v.pipe(v.number(), v.integer());

const containerConfigSchema = unambiguous({
  User: v.optional(v.string()),
  ExposedPorts: v.optional(emptyObjects),
  Env: v.optional(v.array(v.string())),
  Entrypoint: v.optional(v.array(v.string())),
  Cmd: v.optional(v.array(v.string())),
  Volumes: v.optional(emptyObjects),
  WorkingDir: v.optional(v.string()),
  Labels: v.optional(v.record(v.string(), v.string())),
  StopSignal: v.optional(v.string()),
  ArgsEscaped: v.optional(v.boolean()),
  Healthcheck: v.optional(
    unambiguous({
      Test: v.optional(v.array(v.string())),
      Interval: v.optional(nanoseconds),
      Timeout: v.optional(nanoseconds),
      StartPeriod: v.optional(nanoseconds),
      StartInterval: v.optional(nanoseconds),
      Retries: v.optional(v.pipe(v.number(), v.integer())),
    }),
  ),
  OnBuild: v.optional(v.array(v.string())),
  Shell: v.optional(v.array(v.string())),
});

const historySchema = unambiguous({
  created: v.optional(v.string()),
  author: v.optional(v.string()),
  created_by: v.optional(v.string()),
  comment: v.optional(v.string()),
  empty_layer: v.optional(v.boolean()),
});

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md */
export const imageConfigSchema = v.looseObject({
  created: v.optional(v.string()),
  author: v.optional(v.string()),
  architecture: text,
  os: text,
  variant: v.optional(text),
  'os.version': v.optional(text),
  'os.features': v.optional(v.array(text)),
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
