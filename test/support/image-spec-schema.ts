import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';

// The rules of https://github.com/opencontainers/image-spec/tree/v1.1.1 as JSON schemas, stricter in one point: a property that the
// specification does not name is a mistake here, because tsbuild writes none.

// descriptor.md, "Properties"; RFC 6838 section 4.2
const NAME = '[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}';
const MEDIA_TYPE = { type: 'string', pattern: `^${NAME}/${NAME}$` };
// descriptor.md, "Digests" and "Registered Algorithms"
const DIGEST = { type: 'string', pattern: '^(sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$' };
const STRINGS = { type: 'array', items: { type: 'string' } };
const MAP_OF_STRINGS = { type: 'object', propertyNames: { minLength: 1 }, additionalProperties: { type: 'string' } };
// config.md: "a map whose values are empty objects"
const emptyObjects = (names: object) => ({
  type: 'object',
  propertyNames: names,
  additionalProperties: { type: 'object', maxProperties: 0 },
});
// RFC 3339 section 5.6
const DATE_TIME = {
  type: 'string',
  pattern: '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])T([01]\\d|2[0-3]):[0-5]\\d:([0-5]\\d|60)(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)$',
};

const exactly = (required: readonly string[], properties: object) => ({
  type: 'object',
  required: [...required],
  properties,
  additionalProperties: false,
});

const PLATFORM = exactly(['architecture', 'os'], {
  architecture: { type: 'string', minLength: 1 },
  os: { type: 'string', minLength: 1 },
  'os.version': { type: 'string' },
  'os.features': STRINGS,
  variant: { type: 'string' },
});

const descriptor = (mediaType: object, more: object = {}) =>
  exactly(['mediaType', 'digest', 'size'], {
    mediaType,
    digest: DIGEST,
    size: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
    urls: { type: 'array', items: { type: 'string', pattern: '^[a-z][a-z0-9+.-]*:' } },
    annotations: MAP_OF_STRINGS,
    data: { type: 'string', pattern: '^[A-Za-z0-9+/]*={0,2}$' },
    artifactType: MEDIA_TYPE,
    ...more,
  });

const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';

const CONTAINER = {
  User: { type: 'string' },
  ExposedPorts: emptyObjects({ pattern: '^[0-9]+(/(tcp|udp|sctp))?$' }),
  Env: { type: 'array', items: { type: 'string', pattern: '^[^=]+=' } },
  Entrypoint: STRINGS,
  Cmd: STRINGS,
  Volumes: emptyObjects({ minLength: 1 }),
  WorkingDir: { type: 'string', pattern: '^/' },
  Labels: MAP_OF_STRINGS,
  StopSignal: { type: 'string', pattern: '^(SIG[A-Z0-9+-]+|[0-9]+)$' },
  ArgsEscaped: { type: 'boolean' },
  Healthcheck: exactly([], {
    Test: STRINGS,
    Interval: { type: 'integer' },
    Timeout: { type: 'integer' },
    StartPeriod: { type: 'integer' },
    StartInterval: { type: 'integer' },
    Retries: { type: 'integer' },
  }),
  OnBuild: STRINGS,
  Shell: STRINGS,
};

const orNull = (schema: object) => ({ anyOf: [{ type: 'null' }, schema] });

// Go writes what says nothing as null or as an empty text.
const DOCKER_CONTAINER = exactly(
  ['Hostname', 'Domainname', 'User', 'Env', 'Cmd', 'Image', 'Volumes', 'WorkingDir', 'Entrypoint', 'Labels'],
  {
    ...CONTAINER,
    Hostname: { type: 'string' },
    Domainname: { type: 'string' },
    Image: { type: 'string' },
    ...Object.fromEntries(
      ['AttachStdin', 'AttachStdout', 'AttachStderr', 'Tty', 'OpenStdin', 'StdinOnce'].map((name) => [name, { const: false }]),
    ),
    Env: orNull(CONTAINER.Env),
    Entrypoint: orNull(STRINGS),
    Cmd: orNull(STRINGS),
    Volumes: orNull(CONTAINER.Volumes),
    WorkingDir: { type: 'string', pattern: '^(/.*)?$' },
    Labels: orNull(MAP_OF_STRINGS),
    OnBuild: orNull(STRINGS),
  },
);

const ROOT_AND_HISTORY = {
  rootfs: exactly(['type', 'diff_ids'], { type: { const: 'layers' }, diff_ids: { type: 'array', items: DIGEST } }),
  history: {
    type: 'array',
    items: exactly([], {
      created: DATE_TIME,
      author: { type: 'string' },
      created_by: { type: 'string' },
      comment: { type: 'string' },
      empty_layer: { type: 'boolean' },
    }),
  },
};

const SCHEMAS = {
  // image-layout.md, "oci-layout file"
  layout: exactly(['imageLayoutVersion'], { imageLayoutVersion: { const: '1.0.0' } }),
  // image-index.md
  index: exactly(['schemaVersion', 'mediaType', 'manifests'], {
    schemaVersion: { const: 2 },
    mediaType: { const: INDEX_TYPE },
    artifactType: MEDIA_TYPE,
    manifests: { type: 'array', items: descriptor(MEDIA_TYPE, { platform: PLATFORM }) },
    subject: descriptor(MEDIA_TYPE),
    annotations: MAP_OF_STRINGS,
  }),
  // manifest.md
  manifest: exactly(['schemaVersion', 'mediaType', 'config', 'layers'], {
    schemaVersion: { const: 2 },
    mediaType: { const: MANIFEST_TYPE },
    artifactType: MEDIA_TYPE,
    config: descriptor({ const: 'application/vnd.oci.image.config.v1+json' }),
    layers: {
      type: 'array',
      minItems: 1,
      items: descriptor({
        enum: [
          'application/vnd.oci.image.layer.v1.tar',
          'application/vnd.oci.image.layer.v1.tar+gzip',
          'application/vnd.oci.image.layer.v1.tar+zstd',
        ],
      }),
    },
    subject: descriptor(MEDIA_TYPE),
    annotations: MAP_OF_STRINGS,
  }),
  // https://distribution.github.io/distribution/spec/manifest-v2-2/
  dockerManifest: exactly(['schemaVersion', 'mediaType', 'config', 'layers'], {
    schemaVersion: { const: 2 },
    mediaType: { const: 'application/vnd.docker.distribution.manifest.v2+json' },
    config: descriptor({ const: 'application/vnd.docker.container.image.v1+json' }),
    layers: { type: 'array', items: descriptor({ const: 'application/vnd.docker.image.rootfs.diff.tar.gzip' }) },
  }),
  // config.md; Healthcheck, OnBuild, Shell are reserved there for Docker's use
  config: exactly(['architecture', 'os', 'rootfs'], {
    created: DATE_TIME,
    author: { type: 'string' },
    ...PLATFORM.properties,
    config: exactly([], CONTAINER),
    ...ROOT_AND_HISTORY,
  }),
  // https://github.com/moby/docker-image-spec/blob/v1.3.1/specs-go/v1/image.go, and the older fields that Buildah writes
  dockerConfig: exactly(['created', 'architecture', 'os', 'config', 'container_config', 'rootfs', 'history'], {
    comment: { type: 'string' },
    created: DATE_TIME,
    container: { type: 'string', pattern: '^([0-9a-f]{64})?$' },
    container_config: DOCKER_CONTAINER,
    author: { type: 'string' },
    config: DOCKER_CONTAINER,
    ...PLATFORM.properties,
    parent: DIGEST,
    ...ROOT_AND_HISTORY,
  }),
};

export type ImageSpecKind = keyof typeof SCHEMAS;

const ajv = new Ajv({ allErrors: true, strict: true });
const compiled = new Map<ImageSpecKind, ValidateFunction>();

/** What `value` breaks of the rules for its kind, one line each; empty when it keeps them. */
export function imageSpecErrors(kind: ImageSpecKind, value: unknown): string[] {
  const validate = compiled.get(kind) ?? ajv.compile(SCHEMAS[kind]);
  compiled.set(kind, validate);
  return validate(value) ? [] : (validate.errors ?? []).map(describe);
}

function describe(error: ErrorObject): string {
  return `${error.instancePath || '/'} ${error.message} ${JSON.stringify(error.params)}`;
}
