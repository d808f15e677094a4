import { TsbuildError } from '../errors.js';
import { ANNOTATION_ZSTD_INSTANCE } from './annotations.js';
import type { Descriptor, Platform } from './descriptor.js';

export class PlatformSyntaxError extends TsbuildError {
  readonly code = 'USAGE';
  constructor(readonly text: string) {
    super(`Invalid platform ${JSON.stringify(text.slice(0, 100))}: expected OS/ARCHITECTURE[/VARIANT]`, {
      hint: 'Write a platform as linux/amd64 or linux/arm/v7',
    });
  }
}

// Names other systems use (uname -m, Debian, Node's process.arch) for the names Go uses in images.
const ARCHITECTURES: ReadonlyMap<string, { readonly architecture: string; readonly variant?: string }> = new Map([
  ['x64', { architecture: 'amd64' }],
  ['x86_64', { architecture: 'amd64' }],
  ['x86-64', { architecture: 'amd64' }],
  ['ia32', { architecture: '386' }],
  ['i386', { architecture: '386' }],
  ['i686', { architecture: '386' }],
  ['aarch64', { architecture: 'arm64' }],
  ['armhf', { architecture: 'arm', variant: 'v7' }],
  ['armel', { architecture: 'arm', variant: 'v6' }],
  ['mipsel', { architecture: 'mipsle' }],
]);

// A 32-bit ARM processor runs images of its own and of every later variant in this list; '' is an image that names none.
const ARM_VARIANTS = ['v8', 'v7', 'v6', 'v5', ''];
const OPERATING_SYSTEMS = new Set(['linux', 'windows', 'darwin', 'freebsd']);

const PART = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/**
 * Read `linux/arm64/v8`. One part alone is an architecture of Linux.
 * @throws {PlatformSyntaxError} empty parts, more than three, or characters no platform has
 */
export function parsePlatform(text: string): Platform {
  const parts = text.trim().split('/');
  if (parts.length > 3 || !parts.every((part) => PART.test(part))) throw new PlatformSyntaxError(text);
  const [first, second, third] = parts.map((part) => part.toLowerCase());
  if (first === undefined || (second === undefined && OPERATING_SYSTEMS.has(first))) throw new PlatformSyntaxError(text);
  if (second === undefined) return normalizePlatform({ os: 'linux', architecture: first });
  return normalizePlatform({ os: first, architecture: second, ...(third === undefined ? {} : { variant: third }) });
}

export function formatPlatform(platform: Platform): string {
  const base = `${platform.os}/${platform.architecture}`;
  return platform.variant ? `${base}/${platform.variant}` : base;
}

/** The platform with Go's names: `aarch64` is `arm64`, `armhf` is `arm/v7`, `arm64/v8` is plain `arm64`. Other fields are kept. */
export function normalizePlatform(platform: Platform): Platform {
  const { os, architecture, variant, ...rest } = platform;
  const known = ARCHITECTURES.get(architecture.toLowerCase()) ?? { architecture: architecture.toLowerCase() };
  const found = variant || known.variant;
  const kept = known.architecture === 'arm64' && found === 'v8' ? undefined : found;
  return { os: os.toLowerCase(), architecture: known.architecture, ...(kept === undefined ? {} : { variant: kept }), ...rest };
}

/** The platform of a Linux machine whose `process.arch` is `nodeArchitecture`. */
export function hostPlatform(nodeArchitecture: string): Platform {
  return normalizePlatform({ os: 'linux', architecture: nodeArchitecture });
}

/**
 * How well `candidate` serves a machine of platform `wanted`: 0 is best, undefined is not at all.
 * A processor runs images of its own and of older variants (`arm/v7` runs `v6`, not `v8`).
 */
export function matchPlatform(wanted: Platform, candidate: Platform): number | undefined {
  const want = normalizePlatform(wanted);
  const have = normalizePlatform(candidate);
  if (want.os !== have.os || want.architecture !== have.architecture) return undefined;
  if (want.architecture === 'arm') return armRank(want.variant, have.variant ?? '');
  if (want.variant === have.variant) return 0;
  // amd64/v2 and the like: an image without a variant runs everywhere, one with a variant only where it was asked for.
  return have.variant === undefined ? 1 : undefined;
}

function armRank(wanted: string | undefined, have: string): number | undefined {
  const usable = wanted === undefined ? ['', ...ARM_VARIANTS.slice(0, -1)] : ARM_VARIANTS.slice(Math.max(0, ARM_VARIANTS.indexOf(wanted)));
  const rank = usable.indexOf(have);
  return rank === -1 ? undefined : rank;
}

/**
 * The entry of an index to use on a machine of platform `wanted`: best platform first, then zstd before gzip, then position.
 * Entries without a platform come last; undefined when none fits.
 * @see https://github.com/containers/image/blob/v5.30.0/internal/manifest/oci_index.go
 */
export function chooseByPlatform(entries: readonly Descriptor[], wanted: Platform): Descriptor | undefined {
  const fitting = entries.flatMap((descriptor) => {
    const rank = descriptor.platform === undefined ? Number.MAX_SAFE_INTEGER : matchPlatform(wanted, descriptor.platform);
    if (rank === undefined) return [];
    return [{ descriptor, rank, compression: descriptor.annotations?.[ANNOTATION_ZSTD_INSTANCE] === 'true' ? 0 : 1 }];
  });
  // Array.prototype.sort is stable, so position decides last.
  fitting.sort((a, b) => a.rank - b.rank || a.compression - b.compression);
  return fitting[0]?.descriptor;
}
