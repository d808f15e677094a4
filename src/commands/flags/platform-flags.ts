import { UsageError } from '../../errors.js';
import { text } from './flags.js';

export const PLATFORM_FLAGS = {
  platform: text({ value: 'OS/ARCH[/VARIANT]', summary: 'Platform of the image (default: this machine)' }),
  arch: text({ summary: 'Architecture of the image', aliases: ['override-arch'] }),
  os: text({ summary: 'Operating system of the image', aliases: ['override-os'] }),
  variant: text({ summary: 'Variant of the architecture' }),
} as const;

/**
 * `linux/arm64/v8` out of the four flags; undefined when none is given.
 *
 * @throws {UsageError} `--platform` beside one of the others
 */
export function chosenPlatform(flags: {
  readonly platform?: string | undefined;
  readonly arch?: string | undefined;
  readonly os?: string | undefined;
  readonly variant?: string | undefined;
}): string | undefined {
  const { platform, arch, os, variant } = flags;
  if (arch === undefined && os === undefined && variant === undefined) return platform;
  if (platform !== undefined) throw new UsageError('invalid --platform may not be used with --os, --arch, or --variant');
  if (arch === undefined) {
    if (variant !== undefined) throw new UsageError('--variant needs --arch');
    // Without an architecture there is nothing to choose: Linux is all there is.
    if (os !== 'linux') throw new UsageError(`unsupported operating system "${os}"`);
    return undefined;
  }
  return [os ?? 'linux', arch, ...(variant === undefined ? [] : [variant])].join('/');
}
