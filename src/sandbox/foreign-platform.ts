import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../errors.js';

/** How programs of an architecture run on this machine. */
export type Execution =
  | { readonly kind: 'native' }
  /** The kernel gives them to an interpreter, which it opened when that was registered. */
  | { readonly kind: 'emulated'; readonly interpreter: string }
  | { readonly kind: 'impossible'; readonly reason: string };

const BINFMT = '/proc/sys/fs/binfmt_misc';

// e_machine, EI_CLASS and EI_DATA of programs. https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
const ELF: Readonly<Record<string, { readonly machine: number; readonly bits: 32 | 64; readonly endian: 'little' | 'big' }>> = {
  '386': { machine: 3, bits: 32, endian: 'little' },
  amd64: { machine: 62, bits: 64, endian: 'little' },
  arm: { machine: 40, bits: 32, endian: 'little' },
  arm64: { machine: 183, bits: 64, endian: 'little' },
  loong64: { machine: 258, bits: 64, endian: 'little' },
  mips: { machine: 8, bits: 32, endian: 'big' },
  mipsle: { machine: 8, bits: 32, endian: 'little' },
  mips64: { machine: 8, bits: 64, endian: 'big' },
  mips64le: { machine: 8, bits: 64, endian: 'little' },
  ppc64: { machine: 21, bits: 64, endian: 'big' },
  ppc64le: { machine: 21, bits: 64, endian: 'little' },
  riscv64: { machine: 243, bits: 64, endian: 'little' },
  s390x: { machine: 22, bits: 64, endian: 'big' },
};

/** Architectures whose programs a processor runs beside its own. */
const ALSO_NATIVE: Readonly<Record<string, readonly string[]>> = { amd64: ['386'], arm64: ['arm'] };

/**
 * Whether programs for `architecture` can run in a sandbox here.
 *
 * @param architecture as images name it: `arm64`
 * @param own that of this machine
 * @see https://docs.kernel.org/admin-guide/binfmt-misc.html
 */
export function executionOf(architecture: string, own: string, directory = BINFMT): Execution {
  if (architecture === own || ALSO_NATIVE[own]?.includes(architecture) === true) return { kind: 'native' };
  const elf = ELF[architecture];
  if (elf === undefined) return { kind: 'impossible', reason: 'no emulator is known for it' };
  if (readRegistered(join(directory, 'status'))?.trim() !== 'enabled')
    return { kind: 'impossible', reason: `no emulator is registered (${directory} is not there, or disabled)` };
  const header = elfHeader(elf);
  let lacksF: string | undefined;
  for (const name of listRegistered(directory)) {
    const entry = parseEntry(readRegistered(join(directory, name)) ?? '');
    if (entry === undefined || !entry.enabled || !matches(entry, header)) continue;
    if (entry.flags.includes('F')) return { kind: 'emulated', interpreter: entry.interpreter };
    lacksF = name;
  }
  const reason =
    lacksF === undefined
      ? `no emulator is registered in ${directory}`
      : `the emulator ${lacksF} is registered without the flag F, so it cannot be seen inside a root file system`;
  return { kind: 'impossible', reason };
}

interface Entry {
  readonly enabled: boolean;
  readonly interpreter: string;
  readonly flags: string;
  readonly offset: number;
  readonly magic: Buffer;
  readonly mask: Buffer | undefined;
}

function parseEntry(text: string): Entry | undefined {
  const field = (name: string): string | undefined => new RegExp(`^${name}:? (.*)$`, 'm').exec(text)?.[1];
  const [interpreter, magic, mask] = [field('interpreter'), field('magic'), field('mask')];
  if (interpreter === undefined || magic === undefined) return undefined;
  return {
    enabled: text.startsWith('enabled'),
    interpreter,
    flags: field('flags') ?? '',
    offset: Number(field('offset') ?? '0'),
    magic: Buffer.from(magic, 'hex'),
    mask: mask === undefined ? undefined : Buffer.from(mask, 'hex'),
  };
}

/** As the kernel compares: magic and file are equal where the mask has ones. */
function matches({ offset, magic, mask }: Entry, header: Buffer): boolean {
  // A longer magic looks at more than what all programs of an architecture have in common.
  if (magic.length === 0 || offset + magic.length > header.length) return false;
  return magic.every((byte, at) => ((byte ^ header[offset + at]!) & (mask?.[at] ?? 0xff)) === 0);
}

/** The first 20 bytes of a program: all that emulators are registered for. */
function elfHeader({ machine, bits, endian }: (typeof ELF)[string]): Buffer {
  const header = Buffer.alloc(20);
  header.set([0x7f, 0x45, 0x4c, 0x46, bits === 64 ? 2 : 1, endian === 'little' ? 1 : 2, 1]);
  const ET_EXEC = 2;
  if (endian === 'little') {
    header.writeUInt16LE(ET_EXEC, 16);
    header.writeUInt16LE(machine, 18);
  } else {
    header.writeUInt16BE(ET_EXEC, 16);
    header.writeUInt16BE(machine, 18);
  }
  return header;
}

function listRegistered(directory: string): readonly string[] {
  try {
    return readdirSync(directory).filter((name) => name !== 'register' && name !== 'status');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

function readRegistered(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    // Removed meanwhile, or nothing is mounted there.
    if (hasCode(error, 'ENOENT') || hasCode(error, 'EACCES')) return undefined;
    throw error;
  }
}
