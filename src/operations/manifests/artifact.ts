import { createReadStream, readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { hasCode, UsageError } from '../../errors.js';
import { type Descriptor, encodeJson, OCI_EMPTY, OCI_MANIFEST } from '../../image/index.js';
import type { Store } from '../../store/index.js';

export interface ArtifactOptions {
  readonly artifactType?: string | undefined;
  /** File or text that describes the artifact. */
  readonly config?: string | undefined;
  readonly configType?: string | undefined;
  /** Media type of each file. */
  readonly layerType?: string | undefined;
  readonly subject?: string | undefined;
  /** Of the artifact's manifest. */
  readonly manifestAnnotations: Readonly<Record<string, string>>;
  /** Do not tell the files' names. */
  readonly excludeTitles: boolean;
}

const UNKNOWN_ARTIFACT = 'application/vnd.unknown.artifact.v1';
const TITLE = 'org.opencontainers.image.title';

/**
 * Keep files as an artifact: a manifest whose layers are the files as they are.
 *
 * @returns its entry for a list @throws {UsageError} a file cannot be read
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidelines-for-artifact-usage
 */
export async function writeArtifact(files: readonly string[], options: ArtifactOptions, store: Store): Promise<Descriptor> {
  const layers: Descriptor[] = [];
  for (const file of files) layers.push(await writeFile(file, options, store));
  const config = await writeConfig(options, store);
  const isDescribed = config.mediaType !== OCI_EMPTY;
  const artifactType = options.artifactType ?? (isDescribed ? undefined : UNKNOWN_ARTIFACT);
  const subject = options.subject === undefined ? undefined : subjectOf(options.subject, store);
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    ...(artifactType === undefined ? {} : { artifactType }),
    config,
    layers: layers.length === 0 ? [await writeEmpty(store)] : layers,
    ...(subject === undefined ? {} : { subject }),
    ...(Object.keys(options.manifestAnnotations).length === 0 ? {} : { annotations: options.manifestAnnotations }),
  };
  const blob = await store.blobs.putBytes(encodeJson(manifest));
  return { mediaType: OCI_MANIFEST, ...blob, artifactType: artifactType ?? config.mediaType };
}

async function writeFile(file: string, { layerType, excludeTitles }: ArtifactOptions, store: Store): Promise<Descriptor> {
  try {
    if (!statSync(file).isFile()) throw new UsageError(`${file} is not a file`);
    const blob = await store.blobs.put(createReadStream(file));
    const annotations = excludeTitles ? {} : { annotations: { [TITLE]: basename(file) } };
    return { mediaType: layerType ?? 'application/octet-stream', ...blob, ...annotations };
  } catch (error) {
    if (hasCode(error, 'ENOENT')) throw new UsageError(`${file}: no such file or directory`, { cause: error });
    throw error;
  }
}

async function writeConfig({ config, configType }: ArtifactOptions, store: Store): Promise<Descriptor> {
  if (config === undefined && configType === undefined) return writeEmpty(store);
  const isFile = config !== undefined && statSync(config, { throwIfNoEntry: false })?.isFile() === true;
  const bytes = isFile ? readFileSync(config) : Buffer.from(config ?? '{}');
  return { mediaType: configType ?? 'application/octet-stream', ...(await store.blobs.putBytes(bytes)) };
}

async function writeEmpty(store: Store): Promise<Descriptor> {
  return { mediaType: OCI_EMPTY, ...(await store.blobs.putBytes(Buffer.from('{}'))) };
}

function subjectOf(name: string, store: Store): Descriptor {
  const found = store.names.resolve(name)?.descriptor;
  if (found === undefined) throw new UsageError(`${name}: image not known`);
  const { mediaType, digest, size } = found;
  return { mediaType, digest, size };
}
