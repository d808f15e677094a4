import { readFileSync } from 'node:fs';
import { type Environment, readVariable } from './environment.js';
import { SettingsError } from './errors.js';

/**
 * How ids inside this process relate to the ids of the machine:
 * `root` needs no mapping, `mapped` has subordinate ids, `single` has the user's own id only.
 */
export type IdMode = 'root' | 'mapped' | 'single';

export interface Identity {
  /** The user's ids outside any user namespace the launcher made. */
  readonly uid: number;
  readonly gid: number;
  /** False only for root with the privileges of root: then overlay uses `trusted.` attributes and ids need no mapping. */
  readonly rootless: boolean;
  readonly idMode: IdMode;
  /** Why only a single id could be mapped, as the launcher says it. */
  readonly idProblem: string | undefined;
}

export interface ProcessIds {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Who runs this, as the launcher left it in the environment; a command that did not go through the launcher is whoever the process is.
 *
 * @throws {SettingsError} a TSBUILD_ variable of the launcher is not a value the launcher writes
 */
export function readIdentity(environment: Environment, process: ProcessIds): Identity {
  const idMode = readIdMode(environment, process);
  return {
    uid: readId(environment, 'TSBUILD_ROOTLESS_UID') ?? process.uid,
    gid: readId(environment, 'TSBUILD_ROOTLESS_GID') ?? process.gid,
    rootless: idMode !== 'root',
    idMode,
    idProblem: readVariable(environment, 'TSBUILD_ID_PROBLEM'),
  };
}

/** The home directory: $HOME, else the user's entry in the password file; undefined when neither has one. */
export function findHome(environment: Environment, uid: number, passwdFile = '/etc/passwd'): string | undefined {
  const home = readVariable(environment, 'HOME');
  if (home !== undefined) return home;
  let text: string;
  try {
    text = readFileSync(passwdFile, 'utf8');
  } catch {
    // No password file, as in a minimal container: then there is no second place to ask.
    return undefined;
  }
  const fields = text.split('\n').map((line) => line.split(':'));
  return fields.find((entry) => entry[2] === String(uid))?.[5] || undefined;
}

function readIdMode(environment: Environment, process: ProcessIds): IdMode {
  const value = readVariable(environment, 'TSBUILD_ID_MODE');
  if (value === undefined) return process.uid === 0 ? 'root' : 'mapped';
  if (value === 'root' || value === 'mapped' || value === 'single') return value;
  throw new SettingsError('TSBUILD_ID_MODE', `"${value}" is not root, mapped or single`);
}

function readId(environment: Environment, name: string): number | undefined {
  const value = readVariable(environment, name);
  if (value === undefined) return undefined;
  if (!/^\d{1,10}$/.test(value)) throw new SettingsError(name, `"${value}" is not a numeric id`);
  return Number(value);
}
