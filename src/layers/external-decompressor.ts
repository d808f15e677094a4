import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { hasCode, UnsupportedFeatureError } from '../errors.js';
import { ArchiveInvalidError } from './errors.js';

const PACKAGES = { bzip2: 'bzip2', xz: 'xz-utils' };
const STDERR_LIMIT = 4096;

/**
 * The content of a bzip2 or xz stream, by the program of that name. The program ends when the iteration does.
 *
 * @throws {UnsupportedFeatureError} the program is not installed
 * @throws {ArchiveInvalidError} the program refused its input
 */
export async function* decompressExternally(program: 'bzip2' | 'xz', source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const child = spawn(program, ['-dc'], { stdio: ['pipe', 'pipe', 'pipe'] });
  const exited = once(child, 'close') as Promise<[code: number | null]>;
  // Looked at below; until then it must not count as unhandled.
  exited.catch(() => {});
  const input = Readable.from(source);
  let sourceFailure: unknown;
  input.on('error', (error) => {
    sourceFailure = error;
    child.kill();
  });
  // The program tells by its status why it stopped reading; the broken pipe adds nothing.
  child.stdin.on('error', () => {});
  input.pipe(child.stdin);
  let complaint = '';
  child.stderr.on('data', (bytes: Buffer) => {
    complaint = (complaint + bytes.toString()).slice(0, STDERR_LIMIT);
  });
  try {
    yield* child.stdout as AsyncIterable<Buffer>;
    const [code] = await exited;
    if (sourceFailure !== undefined) throw sourceFailure;
    if (code !== 0)
      throw new ArchiveInvalidError(`${program} cannot decompress it (${complaint.trim().split('\n')[0] || `status ${code}`})`);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) {
      const hint = `Install it: apt-get install ${PACKAGES[program]}`;
      throw new UnsupportedFeatureError(`Cannot decompress a ${program} archive: the program "${program}" is not installed`, {
        cause: error,
        hint,
      });
    }
    throw error;
  } finally {
    input.destroy();
    child.kill();
  }
}
