import type { Stage } from '../../builder/graph/index.js';
import { type ErrorCode, TsbuildError } from '../../errors.js';
import type { DiffId } from '../../image/index.js';
import { type Instruction, syntaxErrorAt } from '../../parser/index.js';
import type { StepLabel } from '../../progress.js';
import type { StageImage } from './base-images.js';

/** Failures of a step that are shown at its line. A command that fails is not: its own output says why. */
const LOCATED: readonly ErrorCode[] = [
  'ARCHIVE_INVALID',
  'CONTEXT_INVALID',
  'DIGEST_MISMATCH',
  'IMAGE_NOT_FOUND',
  'MANIFEST_INVALID',
  'PATH_ESCAPE',
  'REFERENCE_SYNTAX',
  'REGISTRY_ERROR',
  'SANDBOX_SETUP',
  'SIZE_MISMATCH',
  'SOURCE_DENIED',
  'SOURCE_NOT_FOUND',
  'SOURCE_UNREADABLE',
  'UNSUPPORTED',
  'USAGE',
];

/** A failure that the Containerfile can mend is shown at its instruction. */
export function locate(error: unknown, stage: Stage, instruction: Instruction, running: Pick<StepLabel, 'text'>, hint?: string): unknown {
  if (!(error instanceof TsbuildError) || !LOCATED.includes(error.code)) return error;
  const { range } = instruction;
  const problem = `building at STEP "${running.text}": ${error.message}`;
  return syntaxErrorAt(stage.setting.containerfile.source, range.start, problem, {
    endLine: range.endLine,
    hint: hint ?? error.hint,
    cause: error,
  });
}

/**
 * The failure to fetch a layer, shown at the FROM that names its image; undefined where none of `images` has one of the layers `lost`.
 */
export function locateLostLayer(error: unknown, images: readonly StageImage[], lost: readonly DiffId[]): unknown {
  const image = lost.length === 0 ? undefined : images.find(({ config }) => config.rootfs.diff_ids.some((diffId) => lost.includes(diffId)));
  return image && locate(error, image.stage, image.stage.from, { text: image.stage.display });
}
