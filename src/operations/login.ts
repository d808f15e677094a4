import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  type AuthFile,
  type Credentials,
  credentialsKey,
  dropAllLogins,
  dropLogin,
  findCredentials,
  type SavedLogin,
  saveLogin,
} from '../config/index.js';
import { hasCode, TsbuildError, UsageError } from '../errors.js';
import { atomicWriteFile } from '../sys/index.js';
import type { Services } from './context.js';
import { RegistryAccess, type RegistryOptions } from './registry-access.js';

/** The registry does not know that user with that password. */
export class LoginRefusedError extends TsbuildError {
  readonly code = 'REGISTRY_ERROR';
  constructor(
    readonly registry: string,
    options?: ErrorOptions,
  ) {
    super(`logging into ${JSON.stringify(registry)}: invalid username/password`, options);
  }
}

export interface LoginPlace extends RegistryOptions {
  /** `HOST[:PORT][/REPOSITORY]`; left out: the first search registry of registries.conf. */
  readonly registry?: string | undefined;
  /** A file in the form of Docker's, in place of `auth.json`. */
  readonly dockerFile?: string | undefined;
}

/** Where a login is kept. */
export interface LoginTarget {
  readonly key: string;
  readonly file: AuthFile;
}

export async function loginTarget(place: LoginPlace, services: Services): Promise<LoginTarget> {
  const file = writtenFile(place.dockerFile, services);
  const registry = place.registry ?? (await new RegistryAccess(services, {}).registries()).searchRegistries[0];
  if (registry === undefined) {
    throw new UsageError('please provide a registry to log in to or out of', {
      hint: 'No registry is named, and registries.conf names no unqualified-search-registries',
    });
  }
  return { key: credentialsKey(registry, file), file };
}

/** What is known already of that registry: what a pull from there would use. */
export async function knownLogin(target: LoginTarget, services: Services): Promise<Credentials | undefined> {
  const files = [target.file, ...services.settings.authFiles.filter(({ path }) => path !== target.file.path)];
  return await findCredentials(
    files.map((file) => ({ ...file, required: false })),
    imageHost(target.key),
  );
}

/**
 * Asks the registry whether it takes the credentials, and keeps them if it does.
 *
 * @throws {LoginRefusedError} it does not
 */
export async function login(
  target: LoginTarget,
  credentials: { readonly username: string; readonly password: string },
  place: LoginPlace,
  services: Services,
): Promise<void> {
  const { username, password } = credentials;
  if (username.includes(':')) throw new UsageError('a username cannot contain a colon');
  await verifyLogin(target, `${username}:${password}`, place, services);
  write(target.file, await saveLogin(target.file, target.key, { kind: 'password', username, password }));
}

/** @throws {LoginRefusedError} the registry does not take `credentials` */
export async function verifyLogin(target: LoginTarget, credentials: string, place: LoginPlace, services: Services): Promise<void> {
  const host = imageHost(target.key).split('/', 1)[0] ?? '';
  const client = await new RegistryAccess(services, { ...place, credentials }).client(host);
  try {
    await client.checkAccess({ signal: services.signal });
  } catch (error) {
    const { status } = error as { status?: unknown };
    if (hasCode(error, 'REGISTRY_ERROR') && (status === 401 || status === 403)) throw new LoginRefusedError(target.key, { cause: error });
    throw error;
  }
}

/** @returns false when nothing was kept for the registry in that file */
export async function logout(target: LoginTarget): Promise<boolean> {
  const dropped = await dropLogin(target.file, target.key);
  if (dropped !== undefined) write(target.file, dropped);
  return dropped !== undefined;
}

export async function logoutEverywhere(place: LoginPlace, services: Services): Promise<void> {
  const file = writtenFile(place.dockerFile, services);
  write(file, await dropAllLogins(file));
}

function writtenFile(dockerFile: string | undefined, { settings }: Services): AuthFile {
  if (dockerFile !== undefined) return { path: dockerFile, kind: 'docker', required: false };
  const [first] = settings.authFiles;
  if (first === undefined) throw new TypeError('there is always a place for credentials');
  return first;
}

function write({ path }: AuthFile, { content }: SavedLogin): void {
  if (content === undefined) return;
  // Above it are directories for everybody, such as /run/containers.
  mkdirSync(dirname(dirname(path)), { recursive: true, mode: 0o755 });
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  atomicWriteFile(path, content, { mode: 0o600 });
}

/** Docker Hub by the name it has in image names. */
function imageHost(key: string): string {
  return key.replace(/^https:\/\/index\.docker\.io\/v1\/$/, 'docker.io');
}
