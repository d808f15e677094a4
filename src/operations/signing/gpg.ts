import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment, PublicKeys } from '../../config/index.js';
import { hasCode } from '../../errors.js';
import { GpgError } from './errors.js';

/** What gpg runs with. */
export interface GpgSurroundings {
  /** With GNUPGHOME, HOME and PATH. */
  readonly environment: Environment;
  /** For keys that are looked at once. */
  readonly tempDir: string;
  readonly signal: AbortSignal;
}

/** A key of the user's to sign with. */
export interface SigningKey {
  /** A fingerprint; gpg takes other names of keys as well. */
  readonly name: string;
  /** Left out: gpg's agent asks for it. */
  readonly passphrase?: string | undefined;
}

/** A message that somebody signed. */
export interface OpenedMessage {
  readonly content: Uint8Array;
  /** Fingerprint of the signer's primary key. */
  readonly signer: string;
}

/** A folder of gpg's; undefined: the user's own. */
type GpgHome = string | undefined;

const MAX_OUTPUT_BYTES = 8 * 2 ** 20;
const STATUS_FD = 3;
const PASSPHRASE_FD = 4;

/** @throws {GpgError} there is no secret key of that name, or no gpg */
export async function demandSecretKey({ name }: SigningKey, surroundings: GpgSurroundings): Promise<void> {
  const args = ['--batch', '--list-secret-keys', '--with-colons', '--', name];
  await runGpg(args, { action: `sign with the key "${name}"`, ...surroundings, hint: 'List keys with gpg --list-secret-keys' });
}

/**
 * Sign `content`: a message that holds it and its signature, as `gpg --sign` makes it.
 *
 * @throws {GpgError}
 */
export async function signMessage(
  content: Uint8Array,
  { name, passphrase }: SigningKey,
  surroundings: GpgSurroundings,
): Promise<Uint8Array> {
  const asked = passphrase === undefined ? [] : ['--pinentry-mode', 'loopback', '--passphrase-fd', String(PASSPHRASE_FD)];
  const { output } = await runGpg(['--batch', '--quiet', ...asked, '--local-user', name, '--sign', '--output', '-'], {
    action: `sign with the key "${name}"`,
    ...surroundings,
    input: content,
    passphrase,
    ...(passphrase === undefined ? { hint: 'If the key has a passphrase, say where it may be asked for: export GPG_TTY=$(tty)' } : {}),
  });
  return output;
}

/** Runs `body` with a home of gpg's that knows just these keys, and removes it. @throws {GpgError} they are no keys */
export async function withKeyring<T>(keys: PublicKeys, surroundings: GpgSurroundings, body: (home: string) => Promise<T>): Promise<T> {
  const home = mkdtempSync(join(surroundings.tempDir, 'tsbuild-keys-'));
  try {
    const files = 'files' in keys ? keys.files : [join(home, 'given')];
    if ('data' in keys) writeFileSync(files[0] as string, keys.data);
    for (const file of files) await importKeys(file, home, surroundings);
    return await body(home);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function importKeys(file: string, home: string, surroundings: GpgSurroundings): Promise<void> {
  const action = `read the public keys ${file}`;
  let input: Uint8Array;
  try {
    input = readFileSync(file);
  } catch (cause) {
    throw new GpgError(action, hasCode(cause, 'ENOENT') ? 'there is no such file' : (cause as Error).message, { cause });
  }
  const { status } = await runGpg([...homeArguments(home), '--batch', '--quiet', '--import'], { action, ...surroundings, input });
  if (!status.some((line) => line.startsWith('IMPORT_OK '))) throw new GpgError(action, 'it holds none');
}

/**
 * Verify a signed message by the keys of a home.
 *
 * @returns undefined: it is not one message with one good signature of a key that is known there and was valid
 * @throws {GpgError} there is no gpg
 */
export async function openMessage(message: Uint8Array, home: GpgHome, surroundings: GpgSurroundings): Promise<OpenedMessage | undefined> {
  const args = [...homeArguments(home), '--batch', '--no-auto-key-retrieve', '--verify', '--output', '-'];
  const { output, status, code } = await runGpg(args, { action: 'verify a signature', ...surroundings, input: message, mayFail: true });
  const of = (word: string): readonly string[] => status.filter((line) => line.split(' ')[0] === word);
  // One for each signature that was looked at, and one for each that is good: keys that have expired or were revoked have other words.
  const [valid, ...more] = of('VALIDSIG');
  const isOne = of('NEWSIG').length === 1 && of('GOODSIG').length === 1 && of('PLAINTEXT').length === 1;
  if (code !== 0 || !isOne || valid === undefined || more.length > 0) return undefined;
  const signer = valid.split(' ').at(-1) as string;
  return { content: output, signer };
}

/** Without the files and programs of a home of the user's. */
function homeArguments(home: GpgHome): readonly string[] {
  return home === undefined ? [] : ['--no-options', '--no-autostart', '--homedir', home];
}

interface GpgRun extends GpgSurroundings {
  readonly action: string;
  readonly input?: Uint8Array;
  readonly passphrase?: string | undefined;
  readonly hint?: string;
  /** A status other than 0 is an answer. */
  readonly mayFail?: boolean;
}

interface GpgResult {
  readonly code: number | null;
  readonly output: Uint8Array;
  /** Its lines for programs, without their mark. @see GnuPG's doc/DETAILS */
  readonly status: readonly string[];
}

async function runGpg(args: readonly string[], { action, environment, signal, ...run }: GpgRun): Promise<GpgResult> {
  signal.throwIfAborted();
  const { spawn } = await import('node:child_process');
  const child = spawn('gpg', ['--no-permission-warning', '--status-fd', String(STATUS_FD), ...args], {
    env: { ...environment, LC_ALL: 'C' },
    stdio: ['pipe', 'pipe', 'pipe', 'pipe', run.passphrase === undefined ? 'ignore' : 'pipe'],
    signal,
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [, output, complaint, status, passphrase] = child.stdio;
  // A gpg that ends without reading breaks the pipe; how it ended says more.
  for (const writable of [child.stdin, passphrase as NodeJS.WritableStream | null]) writable?.on('error', () => undefined);
  child.stdin?.end(run.input ?? '');
  (passphrase as NodeJS.WritableStream | null)?.end(`${run.passphrase}\n`);
  try {
    const [bytes, words, lines, code] = await Promise.all([
      gather(output),
      gather(complaint),
      gather(status as NodeJS.ReadableStream),
      ended,
    ]);
    if (code !== 0 && run.mayFail !== true) throw new GpgError(action, lastWords(words), { hint: run.hint });
    return { code, output: bytes, status: statusLines(lines) };
  } catch (error) {
    signal.throwIfAborted();
    if (hasCode(error, 'ENOENT')) throw new GpgError(action, undefined, { cause: error });
    throw error;
  }
}

async function gather(stream: NodeJS.ReadableStream | null | undefined): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (stream ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes <= MAX_OUTPUT_BYTES) chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function statusLines(bytes: Uint8Array): readonly string[] {
  const mark = '[GNUPG:] ';
  const lines = Buffer.from(bytes).toString('utf8').split('\n');
  return lines.filter((line) => line.startsWith(mark)).map((line) => line.slice(mark.length));
}

/** `gpg: signing failed: No secret key`, without its name. */
function lastWords(bytes: Uint8Array): string {
  const lines = Buffer.from(bytes).toString('utf8').trim().split('\n');
  return (lines.at(-1) ?? '').replace(/^gpg: /, '') || 'gpg said nothing';
}
