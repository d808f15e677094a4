import type { ContainerConfig, HistoryEntry, ImageConfig } from '../../image/index.js';

/** What the command line changes of the image that the Containerfile describes. */
export interface ConfigEdits {
  readonly labels: Readonly<Record<string, string>>;
  readonly unsetLabels: readonly string[];
  /** A name without a value takes nothing from anywhere. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly unsetEnv: readonly string[];
  readonly omitHistory: boolean;
  readonly osVersion?: string | undefined;
  /** Beside those of the base. */
  readonly osFeatures?: readonly string[] | undefined;
}

/** The configuration with the edits made: what is to go first, then what is to come. Nothing but the finished image shows them. */
export function editConfig(config: ImageConfig, edits: ConfigEdits): ImageConfig {
  const { Env: env, Labels: labels, ...container } = config.config ?? {};
  const edited: ContainerConfig = {
    ...container,
    ...present('Env', editEnv(env ?? [], edits)),
    ...present('Labels', Object.entries({ ...withoutNames(labels ?? {}, edits.unsetLabels), ...edits.labels })),
  };
  const { history, ...others } = config;
  const { osVersion, osFeatures = [] } = edits;
  return {
    ...others,
    ...(osVersion === undefined ? {} : { 'os.version': osVersion }),
    ...(osFeatures.length === 0 ? {} : { 'os.features': [...new Set([...(config['os.features'] ?? []), ...osFeatures])] }),
    config: edited,
    ...(edits.omitHistory || history === undefined ? {} : { history }),
  };
}

/** The history of an image whose layers were made into one: the last instruction of its own is said to have made it. */
export function squashedHistory(own: readonly HistoryEntry[]): readonly HistoryEntry[] {
  const empty = own.map((entry): HistoryEntry => ({ ...entry, empty_layer: true }));
  const { empty_layer: _, ...last } = empty.at(-1) ?? { created_by: '/bin/sh' };
  return [...empty.slice(0, -1), last];
}

export function withoutNames<T>(values: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name)));
}

/** A variable that is set again keeps its place. */
function editEnv(env: readonly string[], { env: added, unsetEnv }: ConfigEdits): readonly string[] {
  const values = new Map(env.map((entry): [string, string] => [nameOf(entry), entry]));
  for (const name of unsetEnv) values.delete(name);
  for (const [name, value] of Object.entries(added)) if (value !== undefined) values.set(name, `${name}=${value}`);
  return [...values.values()];
}

function nameOf(entry: string): string {
  const equals = entry.indexOf('=');
  return equals === -1 ? entry : entry.slice(0, equals);
}

function present(name: 'Env', value: readonly string[]): Pick<ContainerConfig, 'Env'>;
function present(name: 'Labels', value: readonly (readonly [string, string])[]): Pick<ContainerConfig, 'Labels'>;
function present(name: 'Env' | 'Labels', value: readonly unknown[]): object {
  if (value.length === 0) return {};
  return { [name]: name === 'Labels' ? Object.fromEntries(value as [string, string][]) : value };
}
