import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../errors.js';
import { SettingsError } from './errors.js';
import type { Settings } from './settings.js';

/** A line of mounts.conf: what commands see of this machine without being asked. */
export interface DefaultMount {
  readonly source: string;
  readonly target: string;
}

export interface DefaultMounts {
  readonly mounts: readonly DefaultMount[];
  /** Lines whose source does not exist, `FILE: SOURCE`. */
  readonly missing: readonly string[];
}

const SYSTEM_FILES = ['/etc/containers/mounts.conf', '/usr/share/containers/mounts.conf'];

/**
 * Read mounts.conf: the one the user named, else the first there is of the user's own and the system's.
 *
 * @throws {SettingsError} the file that the user named cannot be read, or a target is no absolute path
 * @see https://github.com/containers/common/blob/main/docs/containers-mounts.conf.5.md
 */
export function readDefaultMounts(
  { configHome, mountsFile, rootless }: Pick<Settings, 'configHome' | 'mountsFile' | 'rootless'>,
  systemFiles: readonly string[] = SYSTEM_FILES,
): DefaultMounts {
  const own = rootless && configHome !== undefined ? [join(configHome, 'containers/mounts.conf')] : [];
  const files = mountsFile === undefined ? [...own, ...systemFiles] : [mountsFile];
  for (const file of files) {
    const text = readText(file, mountsFile !== undefined);
    if (text !== undefined) return sortOut(file, parseLines(file, text));
  }
  return { mounts: [], missing: [] };
}

/** Lines that do not begin with a path are passed over, as by other tools. */
function parseLines(file: string, text: string): readonly DefaultMount[] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.flatMap((line, at) => {
    if (!line.startsWith('/')) return [];
    const colon = line.indexOf(':');
    const [source, target] = colon === -1 ? [line, line] : [line.slice(0, colon), line.slice(colon + 1)];
    if (!target.startsWith('/')) throw new SettingsError(file, `"${target}" is no absolute path`, at + 1);
    return [{ source, target }];
  });
}

function sortOut(file: string, mounts: readonly DefaultMount[]): DefaultMounts {
  const isThere = ({ source }: DefaultMount): boolean => existsSync(source);
  const missing = mounts.filter((mount) => !isThere(mount)).map(({ source }) => `${file}: ${source}`);
  return { mounts: mounts.filter(isThere), missing };
}

function readText(path: string, required: boolean): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (!required && ['ENOENT', 'ENOTDIR', 'EACCES'].some((code) => hasCode(error, code))) return undefined;
    throw new SettingsError(path, 'the file of --default-mounts-file cannot be read', undefined, { cause: error });
  }
}
