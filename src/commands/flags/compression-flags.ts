import type { ContainersConf } from '../../config/index.js';
import { UsageError } from '../../errors.js';
import { choice, wholeNumber } from './flags.js';

export const COMPRESSION_FLAGS = {
  'compression-format': choice(['gzip', 'zstd', 'none', 'uncompressed'], {
    summary: 'Compression of layers: zstd (default), gzip or none',
  }),
  'compression-level': wholeNumber({ summary: 'Level of that compression' }),
} as const;

export interface CompressionChoice {
  readonly format: 'zstd' | 'gzip' | 'none';
  readonly level?: number;
}

/**
 * Undefined: the default of the image's format. A level alone is one of zstd. Where no flag is given, what containers.conf says.
 *
 * @throws {UsageError} containers.conf names a compression that there is not
 */
export function chosenCompression(
  flags: {
    readonly 'compression-format'?: CompressionChoice['format'] | 'uncompressed' | undefined;
    readonly 'compression-level'?: number | undefined;
  },
  conf: Pick<ContainersConf, 'compressionFormat' | 'compressionLevel'> = {},
): CompressionChoice | undefined {
  const { 'compression-format': format, 'compression-level': level } = flags;
  if (format === undefined && level === undefined) return configuredCompression(conf);
  return choose(format ?? 'zstd', level);
}

function choose(format: CompressionChoice['format'] | 'uncompressed', level: number | undefined): CompressionChoice {
  return { format: format === 'uncompressed' ? 'none' : format, ...(level === undefined ? {} : { level }) };
}

function configuredCompression({
  compressionFormat,
  compressionLevel,
}: Pick<ContainersConf, 'compressionFormat' | 'compressionLevel'>): CompressionChoice | undefined {
  if (compressionFormat === undefined) return undefined;
  const found = (['gzip', 'zstd', 'none', 'uncompressed'] as const).find((word) => word === compressionFormat);
  if (found === undefined)
    throw new UsageError(`not supported by tsbuild: compression_format ${JSON.stringify(compressionFormat)} of containers.conf`, {
      hint: 'Layers can be compressed with gzip or zstd, or not at all; --compression-format goes before the file',
    });
  return choose(found, compressionLevel);
}
