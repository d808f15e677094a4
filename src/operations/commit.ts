import { UsageError } from '../errors.js';
import {
  type Compression,
  completeHistory,
  type Descriptor,
  type DiffId,
  type HistoryEntry,
  type ImageConfig,
  localName,
} from '../image/index.js';
import type { ContainerRecord } from '../store/index.js';
import type { TransportName } from '../transports/index.js';
import { type BuildTimes, chooseTimes, type TimeOptions } from './build/build-times.js';
import { editConfig, withoutNames } from './build/final-config.js';
import { type FinishedImage, finishImage, type UnfinishedImage } from './build/finish-image.js';
import { type ResultFiles, writeResultFiles } from './build/result-files.js';
import { tagDestinations } from './build/tag-destinations.js';
import { changeConfig, mergeConfigFile } from './containers/change-config.js';
import { type AddedFile, commitLayers, readAddedFile } from './containers/commit-layers.js';
import { type ContainerFiles, openContainerFiles } from './containers/container-files.js';
import { containerToolbox } from './containers/container-toolbox.js';
import { unmountContainer } from './containers/mount-point.js';
import { withContainerFiles } from './containers/with-container.js';
import type { Services, Workspace } from './context.js';
import { addToIndex } from './image-index.js';
import { type PullPolicy, withRemoteLayers } from './pull.js';
import { resolveDestination } from './push.js';
import { RegistryAccess, type RegistryOptions } from './registry-access.js';
import type { ScanOptions } from './sbom/scan-options.js';
import { versionInfo } from './version.js';

export interface CommitOptions extends RegistryOptions, ResultFiles, Omit<TimeOptions, 'buildArgs'> {
  readonly container: string;
  /** Name in the store, or `transport:rest`; left out: an image without a name. */
  readonly image?: string | undefined;
  readonly format: 'oci' | 'docker';
  /** One layer of everything, the base's included. */
  readonly squash: boolean;
  /** Remove the container when the image is there. */
  readonly remove: boolean;
  /** Name of an index that gets the image too. */
  readonly manifest?: string | undefined;
  readonly compression?: { readonly format: Compression; readonly level?: number } | undefined;
  /** Compress the base's layers too, where they are compressed in another way. */
  readonly forceCompression: boolean;
  /** Instructions that change the configuration. */
  readonly changes: readonly string[];
  /** JSON file with a configuration that is merged into the container's. */
  readonly configFile?: string | undefined;
  /** `SOURCE[:DESTINATION]`: files of this machine, in a layer of their own. */
  readonly addFiles: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly unsetAnnotations: readonly string[];
  readonly unsetEnv: readonly string[];
  readonly omitHistory: boolean;
  /** Left out: unless a time is given. */
  readonly identityLabel?: boolean | undefined;
  readonly createdAnnotation: boolean;
  /** A scanner that makes a list of what is in the image. */
  readonly scan?: ScanOptions | undefined;
  /** Of the scanner's image. */
  readonly pull: PullPolicy;
}

export interface CommitResult {
  /** Hexadecimal digits. */
  readonly imageId: string;
  /** False: the image was sent elsewhere, and this store does not keep it. */
  readonly isStored: boolean;
}

/**
 * Makes an image of a working container, which stays as it is and where it is. The image has its name when this resolves.
 *
 * @throws {ContainerNotFoundError} @throws {UsageError} options that exclude each other
 */
export async function commitContainer(options: CommitOptions, services: Services): Promise<CommitResult> {
  const times = chooseTimes({ ...options, buildArgs: {} }, services.settings.sourceDateEpoch);
  const { names, destinations } = await tagDestinations(options.image === undefined ? [] : [options.image]);
  const fullNames = names.map(localName);
  const list = options.manifest === undefined ? undefined : localName(options.manifest);
  if (list !== undefined && fullNames.includes(list)) throw new UsageError('image name and manifest name must differ');
  return withContainerFiles(options.container, services, async (record, workspace) => {
    const { store } = workspace;
    const image = await makeImage(record, options, times, workspace, services);
    const [destination] = destinations;
    if (destination === undefined) {
      if (fullNames.length > 0 || list === undefined) await store.names.publish(fullNames, image.descriptor);
    } else {
      await sendElsewhere(image.descriptor, destination, options, workspace, services);
    }
    const platform = record.config;
    if (list !== undefined)
      await addToIndex(list, [{ descriptor: image.descriptor, platform }], store, { format: options.format, signal: services.signal });
    writeResultFiles(options, { id: image.imageId, descriptor: image.descriptor }, fullNames);
    if (options.remove) {
      unmountContainer(store, record.id);
      await store.containers.remove(record.id);
    }
    return { imageId: image.imageId, isStored: destination === undefined };
  });
}

async function makeImage(
  record: ContainerRecord,
  options: CommitOptions,
  times: BuildTimes,
  workspace: Workspace,
  services: Services,
): Promise<FinishedImage> {
  const { store, snapshots } = workspace;
  const files = await openContainerFiles(record, workspace, services);
  const toolbox = containerToolbox({ ...record, format: options.format }, { store, snapshots }, services, {
    compression: options.compression,
    timestampSeconds: times.forceSeconds,
    clampSeconds: times.clampSeconds,
  });
  const given = options.addFiles.map(readAddedFile);
  const scanned = options.scan === undefined ? [] : await scanContainer(options.scan, files, options, workspace, services);
  const { own, added } = await commitLayers(files, { squash: options.squash, addFiles: [...given, ...scanned] }, toolbox);
  const base = options.squash ? [] : record.diffIds;
  const created =
    times.imageSeconds === undefined ? toolbox.now() : new Date(times.imageSeconds * 1000).toISOString().replace('.000Z', 'Z');
  const unfinished: UnfinishedImage = {
    config: configOf(record, options, times, [...base, own, ...(added === undefined ? [] : [added.diffId])], created, added?.history ?? []),
    format: options.format,
    docker: { ...record.dockerOnly, container: times.forceSeconds === undefined ? record.id : '', parent: parentOf(record) },
    annotations: { ...withoutNames(record.annotations ?? {}, options.unsetAnnotations), ...options.annotations },
    createdAnnotation: options.createdAnnotation && !options.unsetAnnotations.includes('org.opencontainers.image.created'),
    compression: toolbox.compression,
    baseLayers: options.forceCompression ? 0 : base.length,
    // A container's layers were extracted, and their blobs are here.
    elsewhere: () => undefined,
    fetch: async () => {},
    created,
  };
  await toolbox.background.done();
  return finishImage(unfinished, store, { now: toolbox.now, reuseCreated: false, signal: services.signal });
}

/** @returns the files that the image is to have of what was found */
async function scanContainer(
  scan: ScanOptions,
  files: ContainerFiles,
  options: CommitOptions,
  workspace: Workspace,
  services: Services,
): Promise<readonly AddedFile[]> {
  const { scanFiles } = await import('./sbom/scan-container.js');
  return scanFiles(scan, files, { pull: options.pull, access: new RegistryAccess(services, options) }, workspace, services);
}

function parentOf({ image }: ContainerRecord): string | undefined {
  return image === undefined ? undefined : `sha256:${image.id}`;
}

function configOf(
  record: ContainerRecord,
  options: CommitOptions,
  times: BuildTimes,
  diffIds: readonly DiffId[],
  created: string,
  later: readonly HistoryEntry[],
): ImageConfig {
  const changed = changeConfig(
    options.configFile === undefined ? record.config : mergeConfigFile(record.config, options.configFile),
    options.changes,
  );
  // As from Buildah: the shell that the container's commands are given to.
  const { createdBy = (changed.config?.Shell ?? ['/bin/sh']).join(' '), comment } = record.historyNotes ?? {};
  const comments = [comment, record.image?.name === undefined ? undefined : `FROM ${record.image.name}`].filter(Boolean).join(' ');
  const own: HistoryEntry = {
    created,
    ...(changed.author === undefined ? {} : { author: changed.author }),
    created_by: createdBy,
    ...(comments === '' ? {} : { comment: comments }),
  };
  // The time that was asked for is that of every entry of this image's own.
  const added = (record.addedHistory ?? []).map((entry) => (times.imageSeconds === undefined ? entry : { ...entry, created }));
  const below = options.squash ? [] : completeHistory(record.config);
  const identity = options.identityLabel ?? times.imageSeconds === undefined;
  const whole: ImageConfig = {
    ...changed,
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: [...below, ...added, own, ...later.map((entry) => ({ created, ...entry }))],
  };
  return editConfig(whole, {
    labels: identity ? { 'io.tsbuild.version': versionInfo().version } : {},
    unsetLabels: [],
    env: {},
    unsetEnv: options.unsetEnv,
    omitHistory: options.omitHistory,
  });
}

/** The image gets no name here; its blobs go with the next collection. */
async function sendElsewhere(
  descriptor: Descriptor,
  destination: TransportName,
  options: CommitOptions,
  { store }: Workspace,
  services: Services,
): Promise<void> {
  const access = new RegistryAccess(services, options);
  const { transport, insecure } = await resolveDestination(destination, access);
  const { exportImage } = await import('./build/export-image.js');
  const { format, level } = options.compression ?? {};
  const compression = {
    ...(format === undefined ? {} : { compression: format }),
    ...(level === undefined ? {} : { level }),
    force: options.forceCompression,
  };
  await withRemoteLayers(store, services, (remote) =>
    exportImage(transport, { descriptor, store, access, compression, insecure, remote }, services),
  );
}
