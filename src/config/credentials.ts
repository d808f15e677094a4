import { readFileSync } from 'node:fs';
import { hasCode } from '../errors.js';
import type { AuthFile } from './auth-files.js';
import { askHelperProgram, helperError } from './credential-helper.js';
import { SettingsError } from './errors.js';

/** What a registry is shown: a name and password, or a refresh token to be exchanged at its token server. */
export type Credentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  | { readonly kind: 'identity-token'; readonly token: string };

/** Ask the program `docker-credential-NAME` for a server; undefined when it has nothing. */
export type CredentialHelper = (name: string, server: string) => Promise<Credentials | undefined>;

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Credentials for an image name: in each file its helper first, then the entry whose key is the longest leading part of the name.
 * The first file with an answer wins.
 *
 * @param name registry and repository without tag: `example.com/team/app`
 * @throws {SettingsError} a file the user named is missing, or a file is not JSON of the expected form
 * @see https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md
 */
export async function findCredentials(
  authFiles: readonly AuthFile[],
  name: string,
  askHelper: CredentialHelper = runHelper,
): Promise<Credentials | undefined> {
  for (const file of authFiles) {
    const content = readAuthFile(file);
    const found = content === undefined ? undefined : await searchFile(file, content, name, askHelper);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `USER:PASSWORD` as `--creds` takes it. @throws {SettingsError} no colon, so that no password could be read */
export function parseCredentials(text: string): Credentials {
  const colon = text.indexOf(':');
  if (colon <= 0) throw new SettingsError('--creds', 'it is not of the form USERNAME:PASSWORD');
  return { kind: 'password', username: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** The object the file holds; undefined when it is not there and need not be. */
export function readAuthFile(file: AuthFile): JsonObject | undefined {
  let text: string;
  try {
    text = readFileSync(file.path, 'utf8');
  } catch (error) {
    const missing = hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR');
    // Another user's /run/containers/UID or a root-only docker directory is as good as absent, unless it was asked for.
    if (!file.required && (missing || hasCode(error, 'EACCES'))) return undefined;
    throw new SettingsError(file.path, 'credential file is not accessible', undefined, { cause: error });
  }
  if (text.trim() === '') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch (error) {
    // The message of JSON.parse quotes the text, which holds passwords, so neither it nor the cause is passed on.
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new SettingsError(file.path, 'the credential file is not a JSON object');
}

async function searchFile(
  file: AuthFile,
  content: JsonObject,
  name: string,
  askHelper: CredentialHelper,
): Promise<Credentials | undefined> {
  const host = name.split('/', 1)[0] ?? name;
  const helper = helperFor(file, content, host);
  if (helper !== undefined) {
    const answer = await askHelper(helper, host === 'docker.io' ? DOCKER_HUB_KEY : host);
    if (answer !== undefined) return answer;
  }
  const entries = file.kind === 'legacy' ? content : content.auths;
  if (!isObject(entries)) return undefined;
  const key =
    leadingParts(name).find((part) => entries[part] !== undefined) ?? Object.keys(entries).find((text) => hostOfKey(text) === host);
  return key === undefined ? undefined : readEntry(file, key, entries[key]);
}

function helperFor(file: AuthFile, content: JsonObject, host: string): string | undefined {
  const named = stringIn(content.credHelpers, host) ?? (file.kind === 'docker' ? stringIn(content, 'credsStore') : undefined);
  return named === '' ? undefined : named;
}

const DOCKER_HUB_KEY = 'https://index.docker.io/v1/';

/** `a/b/c`, `a/b`, `a`. */
function leadingParts(name: string): readonly string[] {
  const parts = name.split('/');
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('/'));
}

/** Docker writes some keys as URLs, and its own registry under an older name. */
function hostOfKey(key: string): string {
  const host = key.replace(/^https?:\/\//, '').split('/', 1)[0] ?? '';
  return host === 'index.docker.io' || host === 'registry-1.docker.io' ? 'docker.io' : host;
}

function readEntry(file: AuthFile, key: string, entry: unknown): Credentials | undefined {
  const token = stringIn(entry, 'identitytoken');
  if (token !== undefined && token !== '') return { kind: 'identity-token', token };
  const auth = stringIn(entry, 'auth');
  if (auth === undefined || auth === '') return undefined;
  const decoded = Buffer.from(auth, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon === -1) throw new SettingsError(file.path, `the entry "${key}" does not hold USERNAME:PASSWORD in base64`);
  // Docker for some years padded the password with NUL bytes.
  return { kind: 'password', username: decoded.slice(0, colon), password: decoded.slice(colon + 1).replace(/\0+$/, '') };
}

/** @see https://github.com/docker/docker-credential-helpers#development */
async function runHelper(name: string, server: string): Promise<Credentials | undefined> {
  const { program, error, stdout } = await askHelperProgram(name, 'get', server);
  if (error === null) return readHelperAnswer(program, stdout);
  if (stdout.includes('credentials not found')) return undefined;
  throw helperError(program, server, error);
}

function readHelperAnswer(program: string, stdout: string): Credentials | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(stdout);
  } catch {
    // The text may hold the secret, so it is not shown.
    throw new SettingsError(program, 'its answer is not JSON');
  }
  const username = stringIn(answer, 'Username');
  const secret = stringIn(answer, 'Secret');
  if (username === undefined || secret === undefined || secret === '') return undefined;
  return username === '<token>' ? { kind: 'identity-token', token: secret } : { kind: 'password', username, password: secret };
}

function stringIn(value: unknown, key: string): string | undefined {
  const found = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return typeof found === 'string' ? found : undefined;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
