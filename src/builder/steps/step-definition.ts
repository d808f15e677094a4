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
  return digest(JSON.stringify({ kind, version: 1, inputs: digestInputs(inputs) }));
}

/** Each input's digest by its name, sorted, as a cache record keeps them. */
export function digestInputs(inputs: StepInputs): Record<string, string> {
  const digests: Record<string, string> = {};
  for (const name of Object.keys(inputs).sort()) digests[name] = digestOfInput(inputs[name] as string);
  return digests;
}

/** Digests of short inputs: variables, users and options are those of most steps of a build. */
const digestsOfShort = new Map<string, string>();
const MAX_SHORT = 200;

function digestOfInput(value: string): string {
  if (value.length > MAX_SHORT) return digest(value);
  const known = digestsOfShort.get(value);
  if (known !== undefined) return known;
  const found = digest(value);
  digestsOfShort.set(value, found);
  return found;
}

function digest(text: string): string {
  return `sha256:${sha256Hex(text)}`;
}
