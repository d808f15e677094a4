import { readdirSync, statSync } from 'node:fs';
import type { RunMount } from '../../builder/steps/index.js';
import { readContainersConf, readDefaultMounts } from '../../config/index.js';
import { hasCode, UnsupportedFeatureError } from '../../errors.js';
import type { Services } from '../context.js';

/** What configuration files give to every command, whatever its flags say. */
export interface ConfiguredSurroundings {
  /** Those of the image go before. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether commands get the proxy variables unless a flag says otherwise. */
  readonly httpProxy: boolean;
  /** Of mounts.conf. Commands may write there; nobody sees what they wrote. */
  readonly mounts: readonly RunMount[];
}

/**
 * What containers.conf and mounts.conf say of commands. A line of mounts.conf whose source is missing is told and passed over.
 *
 * @throws {UnsupportedFeatureError} containers.conf names a directory that holds OCI hooks
 */
export async function readConfigured({ settings, reporter }: Pick<Services, 'settings' | 'reporter'>): Promise<ConfiguredSurroundings> {
  const { env = [], httpProxy = true, hooksDirs = [] } = await readContainersConf(settings);
  refuseHooks(hooksDirs);
  const { mounts, missing } = readDefaultMounts(settings);
  for (const source of missing) reporter.report({ kind: 'warning', text: `${source} does not exist, so commands do not see it` });
  return { env: variables(env), httpProxy, mounts: mounts.map(({ source, target }) => mountOf(source, target)) };
}

function mountOf(hostPath: string, target: string): RunMount {
  const overlay = statSync(hostPath).isDirectory();
  return { kind: 'volume', target, hostPath, readOnly: !overlay, overlay, chown: false, nosuid: true, nodev: true, noexec: false };
}

function refuseHooks(directories: readonly string[]): void {
  for (const directory of directories) {
    const hook = listDirectory(directory).find((name) => name.endsWith('.json'));
    if (hook !== undefined) {
      throw new UnsupportedFeatureError(`OCI hooks are not supported, and hooks_dir of containers.conf holds ${directory}/${hook}`, {
        hint: 'Hooks belong to a runtime, and the sandbox is none: give tsbuild a containers.conf without them by $CONTAINERS_CONF',
      });
    }
  }
}

function listDirectory(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].some((code) => hasCode(error, code))) return [];
    throw error;
  }
}

/** `NAME=VALUE` words; one without `=` sets nothing. */
function variables(words: readonly string[]): Record<string, string> {
  const pairs = words.map((word) => /^([^=]+)=(.*)$/s.exec(word)).filter((match) => match !== null);
  return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value]));
}
