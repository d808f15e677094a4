import { BackgroundWork, StepCache, type Toolbox } from '../../builder/steps/index.js';
import { type Compression, formatPlatform } from '../../image/index.js';
import type { SnapshotDriver } from '../../snapshots/index.js';
import type { ContainerRecord, Store } from '../../store/index.js';
import type { Services } from '../context.js';

export interface ToolboxChoices {
  readonly compression?: { readonly format: Compression; readonly level?: number } | undefined;
  /** Seconds since 1970. */
  readonly timestampSeconds?: number | undefined;
  readonly clampSeconds?: number | undefined;
  /** How URLs and repositories are fetched; left out: nothing asks for any. */
  readonly remote?: Pick<Toolbox, 'download' | 'openRepository'> | undefined;
}

/** What the steps of a build need, for a command on a working container: nothing is looked up, and everything goes into one layer. */
export function containerToolbox(
  record: ContainerRecord,
  { store, snapshots }: { readonly store: Store; readonly snapshots: SnapshotDriver },
  services: Services,
  choices: ToolboxChoices = {},
): Toolbox {
  return {
    store,
    snapshots,
    cache: new StepCache(store, true),
    reporter: services.reporter,
    background: new BackgroundWork(() => {}),
    interrupted: services.signal,
    compression: choices.compression?.format ?? (record.format === 'docker' ? 'gzip' : 'zstd'),
    compressionLevel: choices.compression?.level,
    layerPerStep: false,
    singleId: services.settings.idMode === 'single',
    platform: formatPlatform(record.config),
    timestampSeconds: choices.timestampSeconds,
    clampSeconds: choices.clampSeconds,
    admitSource: (source) => source,
    download: choices.remote?.download ?? nothingRemote,
    openRepository: choices.remote?.openRepository ?? nothingRemote,
    now: () => new Date().toISOString(),
  };
}

async function nothingRemote(): Promise<never> {
  throw new TypeError('this command reads nothing from elsewhere');
}
