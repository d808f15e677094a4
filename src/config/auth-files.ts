import { join } from 'node:path';
import type { Directories } from './directories.js';
import { type Environment, readVariable } from './environment.js';

/** A file that may hold registry credentials. `docker` files may name one helper for everything (`credsStore`); `legacy` is the flat ~/.dockercfg. */
export interface AuthFile {
  readonly path: string;
  readonly kind: 'containers' | 'docker' | 'legacy';
  /** Named by the user: its absence is an error, not an empty answer. */
  readonly required: boolean;
}

/**
 * The credential files in reading order; the first with an entry for a registry wins.
 * A file named by `--authfile` or $REGISTRY_AUTH_FILE is the only one.
 *
 * @see https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md
 */
export function listAuthFiles(environment: Environment, directories: Directories, uid: number, authFile?: string): readonly AuthFile[] {
  const only = authFile ?? readVariable(environment, 'REGISTRY_AUTH_FILE');
  if (only !== undefined) return [{ path: only, kind: 'containers', required: authFile !== undefined }];
  const files: AuthFile[] = [];
  const add = (kind: AuthFile['kind'], directory: string | undefined, name: string): void => {
    if (directory !== undefined) files.push({ path: join(directory, name), kind, required: false });
  };
  add(
    'containers',
    directories.runtimeDir ?? `/run/containers/${uid}`,
    directories.runtimeDir === undefined ? 'auth.json' : 'containers/auth.json',
  );
  add('containers', directories.configHome, 'containers/auth.json');
  const dockerConfig = readVariable(environment, 'DOCKER_CONFIG');
  add('docker', dockerConfig ?? directories.home, dockerConfig === undefined ? '.docker/config.json' : 'config.json');
  add('legacy', directories.home, '.dockercfg');
  return files;
}
