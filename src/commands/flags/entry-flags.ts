import { list, text } from './flags.js';
import { parseKeyValues } from './key-values.js';

/** Flags for what a list says of an image. */
export const ENTRY_FLAGS = {
  annotation: list({ value: 'NAME=VALUE', summary: "Annotation of the image's entry" }),
  arch: text({ summary: 'Architecture the entry says' }),
  features: list({ summary: 'Features of the processor the entry says' }),
  os: text({ summary: 'Operating system the entry says' }),
  'os-features': list({ summary: 'Features of the operating system the entry says' }),
  'os-version': text({ summary: 'Version of the operating system the entry says' }),
  variant: text({ summary: 'Variant of the architecture the entry says' }),
} as const;

interface EntryFlags {
  readonly annotation?: string[] | undefined;
  readonly arch?: string | undefined;
  readonly features?: string[] | undefined;
  readonly os?: string | undefined;
  readonly 'os-features'?: string[] | undefined;
  readonly 'os-version'?: string | undefined;
  readonly variant?: string | undefined;
}

export function entryChanges(flags: EntryFlags) {
  return {
    annotations: flags.annotation === undefined ? undefined : parseKeyValues(flags.annotation, 'annotation'),
    os: flags.os,
    architecture: flags.arch,
    variant: flags.variant,
    osVersion: flags['os-version'],
    osFeatures: flags['os-features']?.flatMap((words) => words.split(',')),
    features: flags.features?.flatMap((words) => words.split(',')),
  };
}
