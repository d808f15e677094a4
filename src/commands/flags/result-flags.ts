import type { Settings } from '../../config/index.js';
import { flag, list, text, wholeNumber } from './flags.js';
import { parseKeyValues, parseVariables } from './key-values.js';

/** What a build says of its image, and where it puts it. */
export const RESULT_FLAGS = {
  annotation: list({ value: '[manifest:|index:]NAME=VALUE', summary: "Annotation of the image's manifest, or of its index" }),
  'created-annotation': flag({ negatable: true, summary: 'Annotate the manifest with the time of the image (default)' }),
  env: list({ value: 'NAME[=VALUE]', summary: 'Environment variable of the image; without =VALUE the variable of that name' }),
  'force-compression': flag({ summary: "Compress the base's layers too, where they are compressed in another way" }),
  'identity-label': flag({
    negatable: true,
    summary: 'Label the image with the version of tsbuild (default, unless a time is given)',
  }),
  iidfile: text({ value: 'path', summary: 'Write the ID of the image to this file' }),
  'iidfile-raw': text({ value: 'path', aliases: ['raw-iidfile'], summary: 'Write the ID of the image, without sha256:, to this file' }),
  'inherit-annotations': flag({ negatable: true, summary: "Keep the annotations of the base image's manifest (default)" }),
  'inherit-labels': flag({ negatable: true, summary: 'Keep the labels of base images and base stages (default)' }),
  label: list({ value: 'NAME=VALUE', summary: 'Label of the image' }),
  'metadata-file': text({ value: 'path', summary: 'Write digests and names of the image to this file, as JSON' }),
  'omit-history': flag({ summary: 'Leave the history out of the image' }),
  'os-feature': list({ value: 'NAME', summary: 'Feature that the operating system must have, as the image will say' }),
  'os-version': text({ value: 'VERSION', summary: 'Version of the operating system, as the image will say' }),
  output: list({
    char: 'o',
    value: 'DIR|-|type=...,dest=...',
    summary: 'Also write the result elsewhere: type=local, tar, oci, docker, image or registry; - is a tar on standard output',
  }),
  'rewrite-timestamp': flag({ summary: 'No file in a new layer is younger than --source-date-epoch' }),
  'save-stages': flag({ summary: 'Keep the images of intermediate stages' }),
  'source-date-epoch': wholeNumber({ value: 'SECONDS', summary: 'Time of the image and its history (default: $SOURCE_DATE_EPOCH)' }),
  squash: flag({ aliases: ['squash-all'], summary: 'Make one layer of everything, the base included' }),
  'stage-labels': flag({ summary: 'Label the images of --save-stages with the names of their stages' }),
  timestamp: wholeNumber({ value: 'SECONDS', summary: 'Time of the image and of every file in its new layers' }),
  unsetannotation: list({ value: 'NAME', summary: "Leave out this annotation of the base's" }),
  unsetenv: list({ value: 'NAME', summary: 'Take this environment variable out of the image' }),
  unsetlabel: list({ value: 'NAME', summary: 'Take this label out of the image' }),
} as const;

type Given<Names extends keyof typeof RESULT_FLAGS, T> = { readonly [name in Names]?: T | undefined };

export type ResultFlags = Given<
  'annotation' | 'env' | 'label' | 'os-feature' | 'output' | 'unsetannotation' | 'unsetenv' | 'unsetlabel',
  readonly string[]
> &
  Given<
    | 'created-annotation'
    | 'force-compression'
    | 'identity-label'
    | 'inherit-annotations'
    | 'inherit-labels'
    | 'omit-history'
    | 'rewrite-timestamp'
    | 'save-stages'
    | 'squash'
    | 'stage-labels',
    boolean
  > &
  Given<'iidfile' | 'iidfile-raw' | 'metadata-file' | 'os-version', string> &
  Given<'source-date-epoch' | 'timestamp', number>;

/** The options of a build that these flags mean. */
export function resultOptions(flags: ResultFlags, { environment }: Settings) {
  return {
    labels: parseKeyValues(flags.label ?? [], 'label'),
    annotations: parseKeyValues(flags.annotation ?? [], 'annotation'),
    env: parseVariables(flags.env ?? [], 'env', environment),
    unsetEnv: flags.unsetenv,
    unsetLabels: flags.unsetlabel,
    unsetAnnotations: flags.unsetannotation,
    inheritLabels: flags['inherit-labels'],
    inheritAnnotations: flags['inherit-annotations'],
    identityLabel: flags['identity-label'],
    createdAnnotation: flags['created-annotation'],
    omitHistory: flags['omit-history'],
    osFeatures: flags['os-feature'],
    osVersion: flags['os-version'],
    squash: flags.squash,
    timestamp: flags.timestamp,
    sourceDateEpoch: flags['source-date-epoch'],
    rewriteTimestamp: flags['rewrite-timestamp'],
    forceCompression: flags['force-compression'],
    outputs: flags.output,
    iidFile: flags.iidfile,
    iidFileRaw: flags['iidfile-raw'],
    metadataFile: flags['metadata-file'],
    saveStages: flags['save-stages'],
    stageLabels: flags['stage-labels'],
  };
}
