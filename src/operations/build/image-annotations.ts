import { UsageError } from '../../errors.js';
import { ANNOTATION_BASE_DIGEST, ANNOTATION_BASE_NAME, ANNOTATION_CREATED, ANNOTATION_REF_NAME } from '../../image/index.js';
import { withoutNames } from './final-config.js';

type Annotations = Readonly<Record<string, string>>;

/** What `--annotation` asks for, by what it is to be written into. */
export interface AnnotationTargets {
  readonly manifest: Annotations;
  readonly index: Annotations;
}

/**
 * `NAME=VALUE` for the manifest; `manifest:NAME=VALUE` and `index:NAME=VALUE` say which, as with BuildKit.
 *
 * @throws {UsageError} `manifest-descriptor:`, `index-descriptor:`, or an annotation for one platform alone
 */
export function annotationTargets(annotations: Annotations): AnnotationTargets {
  const manifest: Record<string, string> = {};
  const index: Record<string, string> = {};
  for (const [written, value] of Object.entries(annotations)) {
    const [, target, name] = /^(manifest|index|manifest-descriptor|index-descriptor)(?:\[[^\]]*\])?:(.+)$/.exec(written) ?? [];
    if (name === undefined) manifest[written] = value;
    else if (written === `index:${name}`) index[name] = value;
    else if (written === `manifest:${name}`) manifest[name] = value;
    else throw new UsageError(`--annotation ${written}: annotations of ${target} are not supported`, { hint: 'Use manifest: or index:' });
  }
  return { manifest, index };
}

export interface AnnotationEdits {
  readonly annotations: Annotations;
  readonly unsetAnnotations: readonly string[];
  /** Those of the base image's manifest. */
  readonly inheritAnnotations: boolean;
}

/** What is known of an image's base. */
export interface AnnotatedBase {
  readonly name: string | undefined;
  readonly digest: string;
  readonly annotations: Annotations;
}

/** The annotations of the manifest, but for the time: that is added when it is known. */
export function manifestAnnotations(base: AnnotatedBase | undefined, edits: AnnotationEdits): Annotations {
  // A name in a layout and the time of the base say nothing of this image.
  const inherited = edits.inheritAnnotations ? withoutNames(base?.annotations ?? {}, [ANNOTATION_REF_NAME, ANNOTATION_CREATED]) : {};
  return {
    ...withoutNames(
      {
        ...inherited,
        ...(base === undefined ? {} : { [ANNOTATION_BASE_DIGEST]: base.digest }),
        ...(base?.name === undefined ? {} : { [ANNOTATION_BASE_NAME]: base.name }),
      },
      edits.unsetAnnotations,
    ),
    ...edits.annotations,
  };
}
