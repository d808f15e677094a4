import { resolve } from 'node:path';
import { UsageError } from '../../errors.js';
import type { Platform } from '../../image/index.js';
import type { Entitlements } from '../surroundings/entitlements.js';
import type { BuildOptions } from './build-options.js';
import type { BuildOutput } from './build-output.js';
import { annotationTargets } from './image-annotations.js';

/** @throws {UsageError} what can only be said of several platforms, or of one */
export function checkResult(options: BuildOptions, platforms: readonly Platform[], outputs: readonly BuildOutput[]): void {
  if (options.stageLabels === true && options.saveStages !== true) throw new UsageError('--stage-labels requires --save-stages');
  const isIndex = platforms.length > 1;
  const annotated = platforms.map((platform) => annotationTargets(options.annotations, platform));
  if (!isIndex && annotated.some(({ index }) => Object.keys(index).length > 0))
    throw new UsageError('--annotation index: needs an index, and one platform makes none', { hint: 'Leave "index:" out' });
  if (!isIndex && options.manifest === undefined && annotated.some(({ descriptor }) => Object.keys(descriptor).length > 0))
    throw new UsageError('--annotation manifest-descriptor: needs an index, and one platform makes none', { hint: 'Use manifest:' });
  if (isIndex && outputs.some((output) => output.kind === 'local' && output.platformSplit === false))
    throw new UsageError('--output platform-split=false holds one platform', { hint: 'Leave it out: each platform gets a directory' });
  if (isIndex && outputs.some(({ kind }) => kind === 'tar'))
    throw new UsageError('--output type=tar holds one platform', { hint: 'Use type=local, which makes a directory for each' });
  if (isIndex && outputs.some((output) => (output.kind === 'archive' || output.kind === 'layout') && output.format === 'docker'))
    throw new UsageError('--output type=docker holds one platform', { hint: 'Use type=oci, which holds all of them' });
}

/** What is not below the working directory may be anything: BuildKit's rule. */
export function demandDeletion(outputs: readonly BuildOutput[], entitlements: Entitlements): void {
  const isBelow = (directory: string): boolean => resolve(directory).startsWith(resolve('.').replace(/\/?$/, '/'));
  for (const output of outputs) {
    if (output.kind === 'local' && output.deleteOthers && !isBelow(output.directory))
      entitlements.demand('buildx.local.delete', `--output mode=delete outside the working directory (${output.directory})`);
  }
}
