import type { RootState } from '../../builder/steps/index.js';
import type { ImageConfig } from '../../image/index.js';
import { versionInfo } from '../version.js';
import type { BuildTimes, TimeOptions } from './build-times.js';
import { editConfig, squashedHistory, withoutNames } from './final-config.js';
import { annotationTargets, manifestAnnotations } from './image-annotations.js';
import type { BuiltStage } from './stage-image.js';
import { imageConfigOf } from './stage-image.js';

/** What the command line says of the image beside its Containerfile. */
export interface ImageOptions extends Omit<TimeOptions, 'buildArgs'> {
  readonly labels: Readonly<Record<string, string>>;
  /** Names may begin with `manifest:`, `index:` or `manifest-descriptor:`. */
  readonly annotations: Readonly<Record<string, string>>;
  /** A name without a value takes nothing from anywhere. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly unsetEnv?: readonly string[] | undefined;
  readonly unsetLabels?: readonly string[] | undefined;
  readonly unsetAnnotations?: readonly string[] | undefined;
  /** False: no label of a base image. */
  readonly inheritLabels?: boolean | undefined;
  /** False: no annotation of a base image's manifest. */
  readonly inheritAnnotations?: boolean | undefined;
  /** Whether a label names tsbuild's version; left out: unless a time is given, when an image shall not tell what made it. */
  readonly identityLabel?: boolean | undefined;
  /** False: no annotation with the image's time. */
  readonly createdAnnotation?: boolean | undefined;
  readonly omitHistory?: boolean | undefined;
  readonly osVersion?: string | undefined;
  readonly osFeatures?: readonly string[] | undefined;
  /** One layer for everything, the base included. */
  readonly squash?: boolean | undefined;
}

export interface ImageDescription {
  /** History entries without a time get the image's. */
  readonly config: ImageConfig;
  readonly annotations: Readonly<Record<string, string>>;
  readonly createdAnnotation: boolean;
  /** RFC 3339; undefined: when this content was finished first. */
  readonly created: string | undefined;
}

const CREATED = 'org.opencontainers.image.created';

/** What the image of a built stage says of itself. */
export function describeImage(
  built: BuiltStage & { readonly root: RootState },
  diffIds: ImageConfig['rootfs']['diff_ids'],
  options: ImageOptions & { readonly times: BuildTimes },
): ImageDescription {
  const { imageSeconds } = options.times;
  const described = imageConfigOf(built, diffIds);
  const config = options.squash === true ? { ...described, history: squashedHistory(built.history) } : described;
  const identity = options.identityLabel ?? imageSeconds === undefined;
  const unset = options.unsetLabels ?? [];
  const identityLabels = identity ? withoutNames({ 'io.tsbuild.version': versionInfo().version }, unset) : {};
  const unsetAnnotations = options.unsetAnnotations ?? [];
  return {
    config: editConfig(config, {
      labels: { ...identityLabels, ...options.labels },
      unsetLabels: unset,
      env: options.env ?? {},
      unsetEnv: options.unsetEnv ?? [],
      omitHistory: options.omitHistory ?? false,
      osVersion: options.osVersion,
      osFeatures: options.osFeatures ?? [],
    }),
    annotations: manifestAnnotations(built.image, {
      annotations: annotationTargets(options.annotations, built.stage.platform).manifest,
      unsetAnnotations,
      inheritAnnotations: options.inheritAnnotations ?? true,
    }),
    createdAnnotation: (options.createdAnnotation ?? true) && !unsetAnnotations.includes(CREATED),
    created: imageSeconds === undefined ? undefined : new Date(imageSeconds * 1000).toISOString().replace('.000Z', 'Z'),
  };
}
