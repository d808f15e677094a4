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

/** Undefined: the default of the image's format. A level alone is one of zstd. */
export function chosenCompression(flags: {
  readonly 'compression-format'?: CompressionChoice['format'] | 'uncompressed' | undefined;
  readonly 'compression-level'?: number | undefined;
}): CompressionChoice | undefined {
  const { 'compression-format': format, 'compression-level': level } = flags;
  if (format === undefined && level === undefined) return undefined;
  return { format: format === 'uncompressed' ? 'none' : (format ?? 'zstd'), ...(level === undefined ? {} : { level }) };
}
