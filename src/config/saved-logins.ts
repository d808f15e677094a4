import type { AuthFile } from './auth-files.js';
import { askHelperProgram, helperError } from './credential-helper.js';
import { type Credentials, readAuthFile } from './credentials.js';
import { SettingsError } from './errors.js';

/** What is to be done to a credentials file: its new content, or nothing where a helper keeps the credentials. */
export interface SavedLogin {
  /** Undefined: the file stays as it is. */
  readonly content: Uint8Array | undefined;
}

type Entries = Readonly<Record<string, unknown>>;

/**
 * The registry, or part of one, that `text` names: `example.com/team` of `https://example.com/team/`. Docker's own files call Docker Hub
 * by an older name.
 *
 * @throws {SettingsError} not a key that credentials can be kept under
 */
export function credentialsKey(text: string, file: Pick<AuthFile, 'kind'>): string {
  const key = text.replace(/^https?:\/\//, '').replace(/\/+$/, '');
  const host = key.split('/', 1)[0] ?? '';
  if (host === '' || key.includes('@') || /\/[^/]*:/.test(key)) {
    throw new SettingsError(JSON.stringify(text), 'credentials are kept for HOST[:PORT][/REPOSITORY], without a tag or digest');
  }
  const isHub = ['docker.io', 'index.docker.io', 'registry-1.docker.io'].includes(host);
  if (isHub && key === host) return file.kind === 'docker' ? DOCKER_HUB_KEY : 'docker.io';
  return key;
}

const DOCKER_HUB_KEY = 'https://index.docker.io/v1/';

/** Keep the credentials: with the helper the file names for the host, else in the file. Everything else in it stays. */
export async function saveLogin(file: AuthFile, key: string, credentials: Credentials & { kind: 'password' }): Promise<SavedLogin> {
  const content = readEntries(file);
  const helper = helperOf(file, content, key);
  const { username, password } = credentials;
  if (helper !== undefined) {
    const { program, error } = await askHelperProgram(
      helper,
      'store',
      JSON.stringify({ ServerURL: key, Username: username, Secret: password }),
    );
    if (error !== null) throw helperError(program, key, error);
    return { content: undefined };
  }
  const auth = Buffer.from(`${username}:${password}`).toString('base64');
  return { content: encode({ ...content, auths: { ...objectIn(content, 'auths'), [key]: { auth } } }) };
}

/** @returns undefined when there was nothing under that key */
export async function dropLogin(file: AuthFile, key: string): Promise<SavedLogin | undefined> {
  const content = readEntries(file);
  const auths = objectIn(content, 'auths');
  const { [key]: removed, ...others } = auths;
  const helper = helperOf(file, content, key);
  if (helper !== undefined) {
    const { program, error, stdout } = await askHelperProgram(helper, 'erase', key);
    if (error !== null && !stdout.includes('credentials not found')) throw helperError(program, key, error);
    return { content: removed === undefined ? undefined : encode({ ...content, auths: others }) };
  }
  return removed === undefined ? undefined : { content: encode({ ...content, auths: others }) };
}

/** Forget every registry, also those that helpers know. */
export async function dropAllLogins(file: AuthFile): Promise<SavedLogin> {
  const content = readEntries(file);
  for (const host of Object.keys(objectIn(content, 'credHelpers'))) await dropLogin(file, host);
  return { content: encode({ ...content, auths: {} }) };
}

function readEntries(file: AuthFile): Entries {
  return readAuthFile({ ...file, required: false }) ?? {};
}

function helperOf(file: AuthFile, content: Entries, key: string): string | undefined {
  const host = key === DOCKER_HUB_KEY ? 'docker.io' : (key.split('/', 1)[0] ?? '');
  const named = objectIn(content, 'credHelpers')[host] ?? (file.kind === 'docker' ? content.credsStore : undefined);
  return typeof named === 'string' && named !== '' ? named : undefined;
}

function objectIn(content: Entries, key: string): Entries {
  const found = content[key];
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? (found as Entries) : {};
}

function encode(content: Entries): Uint8Array {
  return Buffer.from(`${JSON.stringify(content, null, '\t')}\n`);
}
