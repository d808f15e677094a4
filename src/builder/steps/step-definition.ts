import { encodeJson, sortKeys } from '../../image/index.js';
import { sha256Hex } from '../../sha256.js';

/**
 * What a step's outcome depends on, each input under a name (`run.command`, `env.PATH`, `context`, ...). Values are compared, never
 * kept: a record holds their digests. Secrets do not belong here.
 */
export type StepInputs = Readonly<Record<string, string>>;

/** What every step's outcome depends on. */
export function commonInputs(toolbox: {
  readonly platform: string;
  readonly timestampSeconds: number | undefined;
  readonly clampSeconds?: number | undefined;
}): StepInputs {
  const { platform, timestampSeconds, clampSeconds } = toolbox;
  return {
    platform,
    ...(timestampSeconds === undefined ? {} : { timestamp: String(timestampSeconds) }),
    ...(clampSeconds === undefined ? {} : { 'timestamp.latest': String(clampSeconds) }),
  };
}

/** The digest that names a step, whatever it runs on: over the sorted names and the digests of their values. */
export function definitionOf(kind: string, inputs: StepInputs): string {
  return digest(encodeJson({ kind, version: 1, inputs: sortKeys(digestInputs(inputs)) }));
}

/** Each input's digest, as a cache record keeps them. */
export function digestInputs(inputs: StepInputs): Record<string, string> {
  return Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, digest(value)]));
}

function digest(value: string | Uint8Array): string {
  return `sha256:${sha256Hex(value)}`;
}
