import { UsageError } from '../../errors.js';
import {
  ANNOTATION_BASE_DIGEST,
  ANNOTATION_BASE_NAME,
  ANNOTATION_CREATED,
  ANNOTATION_REF_NAME,
  formatPlatform,
  type Platform,
  parsePlatform,
} from '../../image/index.js';
import { withoutNames } from './final-config.js';

type Annotations = Readonly<Record<string, string>>;

/** What `--annotation` asks for, by what it is to be written into. */
export interface AnnotationTargets {
  readonly manifest: Annotations;
  readonly index: Annotations;
  /** The entry of the image in an index. */
  readonly descriptor: Annotations;
}

const TARGETED = /^(manifest|index|manifest-descriptor|index-descriptor)(?:\[([^\]]*)\])?:(.+)$/;

/**
 * `NAME=VALUE` for the manifest; `manifest:NAME=VALUE`, `index:` and `manifest-descriptor:` say which, as with BuildKit. `manifest[PLATFORM]:` and
 * `manifest-descriptor[PLATFORM]:` are for one platform alone.
 *
 * @param platform whose image is annotated
 * @throws {UsageError} `index-descriptor:`, or an index of one platform
 */
export function annotationTargets(annotations: Annotations, platform: Platform): AnnotationTargets {
  const manifest: Record<string, string> = {};
  const index: Record<string, string> = {};
  const descriptor: Record<string, string> = {};
  for (const [written, value] of Object.entries(annotations)) {
    const [, target, selected, name] = TARGETED.exec(written) ?? [];
    const refuse = (problem: string, hint: string): never => {
      throw new UsageError(`--annotation ${written}: ${problem}`, { hint });
    };
    if (selected !== undefined && target?.startsWith('index') === true)
      refuse('an index is of no single platform', `Leave [${selected}] out`);
    const isMeant = selected === undefined || formatPlatform(parsePlatform(selected)) === formatPlatform(platform);
    if (name === undefined) manifest[written] = value;
    else if (target === 'index') index[name] = value;
    else if (target === 'index-descriptor') refuse('nothing that tsbuild writes holds the descriptor of an index', 'Use index:');
    else if (!isMeant) continue;
    else if (target === 'manifest') manifest[name] = value;
    else descriptor[name] = value;
  }
  return { manifest, index, descriptor };
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
