import { encodeJson, sortKeys } from './canonical-json.js';
import type { Platform } from './descriptor.js';
import type { ContainerConfig, HistoryEntry, ImageConfig } from './image-config.js';

/** The config of an image with no layers: what `FROM scratch` starts with. */
export function emptyConfig(platform: Platform): ImageConfig {
  const { os, architecture, variant } = platform;
  return {
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    config: {},
    rootfs: { type: 'layers', diff_ids: [] },
    history: [],
  };
}

/**
 * The bytes of a config blob: known fields in the order of Go's structs, then unknown ones, maps sorted. Configs that say the same
 * have the same bytes, whatever order their fields were set in. Never used on a config that is only copied: its bytes are its identity.
 */
export function encodeImageConfig(config: ImageConfig): Uint8Array {
  const container = config.config;
  const ordered = pickFirst(config, IMAGE_FIELDS);
  if (container !== undefined) ordered.config = orderContainerConfig(container);
  return encodeJson(ordered);
}

// The orders of https://github.com/opencontainers/image-spec/blob/v1.1.1/specs-go/v1/config.go, Docker's fields after OCI's.
const IMAGE_FIELDS = ['created', 'author', 'architecture', 'variant', 'os', 'os.version', 'os.features', 'config', 'rootfs', 'history'];
const CONTAINER_FIELDS = [
  ...['User', 'ExposedPorts', 'Env', 'Entrypoint', 'Cmd', 'Volumes', 'WorkingDir', 'Labels', 'StopSignal', 'ArgsEscaped'],
  ...['Healthcheck', 'OnBuild', 'Shell'],
];

function orderContainerConfig(container: ContainerConfig): Record<string, unknown> {
  const ordered = pickFirst(container, CONTAINER_FIELDS);
  for (const name of ['ExposedPorts', 'Volumes', 'Labels'] as const) {
    const map = container[name];
    if (map !== undefined) ordered[name] = sortKeys<unknown>(map);
  }
  return ordered;
}

function pickFirst(value: object, names: readonly string[]): Record<string, unknown> {
  const present = Object.entries(value).filter(([, member]) => member !== undefined);
  const record = Object.fromEntries(present) as Record<string, unknown>;
  const known = names.filter((name) => Object.hasOwn(record, name)).map((name) => [name, record[name]]);
  const others = Object.entries(sortKeys(record)).filter(([name]) => !names.includes(name));
  return Object.fromEntries([...known, ...others]) as Record<string, unknown>;
}

/**
 * History with an entry for each layer there is. A base may have none at all; adding ours alone would claim that its first layer
 * was made by our instruction.
 */
export function completeHistory(config: ImageConfig): readonly HistoryEntry[] {
  const history = config.history ?? [];
  const missing = config.rootfs.diff_ids.length - history.filter((entry) => entry.empty_layer !== true).length;
  return missing <= 0 ? history : [...history, ...Array.from({ length: missing }, () => ({}))];
}
