import type { ContainerConfig } from '../../image/index.js';

/** What a container sees as PATH when its image sets none. */
export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Docker's shell for the shell form where SHELL sets none. */
const DEFAULT_SHELL = ['/bin/sh', '-c'];

export function shellOf(config: ContainerConfig): readonly string[] {
  return config.Shell !== undefined && config.Shell.length > 0 ? config.Shell : DEFAULT_SHELL;
}

/** The environment as a map, in the order the names were first set. */
export function environmentOf(config: ContainerConfig): ReadonlyMap<string, string> {
  return new Map((config.Env ?? []).map(splitVariable));
}

/** Sets variables; one that is there already keeps its place. */
export function withEnv(config: ContainerConfig, pairs: Iterable<readonly [string, string]>): ContainerConfig {
  const environment = new Map(environmentOf(config));
  for (const [name, value] of pairs) environment.set(name, value);
  return { ...config, Env: [...environment].map(([name, value]) => `${name}=${value}`) };
}

export function withDefaultPath(config: ContainerConfig): ContainerConfig {
  return environmentOf(config).has('PATH') ? config : { ...config, Env: [`PATH=${DEFAULT_PATH}`, ...(config.Env ?? [])] };
}

export function withLabels(config: ContainerConfig, pairs: Iterable<readonly [string, string]>): ContainerConfig {
  return { ...config, Labels: { ...config.Labels, ...Object.fromEntries(pairs) } };
}

/** Adds ports; the record is sorted by name. */
export function withPorts(config: ContainerConfig, ports: readonly string[]): ContainerConfig {
  const all = [...new Set([...Object.keys(config.ExposedPorts ?? {}), ...ports])].sort();
  return { ...config, ExposedPorts: Object.fromEntries(all.map((port) => [port, {}])) };
}

export function withVolumes(config: ContainerConfig, paths: readonly string[]): ContainerConfig {
  const all = [...new Set([...Object.keys(config.Volumes ?? {}), ...paths])];
  return { ...config, Volumes: Object.fromEntries(all.map((path) => [path, {}])) };
}

/** The configuration without the fields named. */
export function without(config: ContainerConfig, ...fields: readonly (keyof ContainerConfig)[]): ContainerConfig {
  return Object.fromEntries(Object.entries(config).filter(([field]) => !(fields as readonly string[]).includes(field)));
}

function splitVariable(variable: string): [string, string] {
  const equals = variable.indexOf('=');
  return equals === -1 ? [variable, ''] : [variable.slice(0, equals), variable.slice(equals + 1)];
}
