import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { nativeFile } from '../../src/sys/index.js';

/**
 * Runs a test file a second time inside the namespaces tsbuild itself would work in, for whoever runs the tests: real root, a user
 * with subordinate ids, or one without. True inside. Outside the file must define nothing: the run inside has the closing line.
 *
 * @param file `import.meta.filename` of the test
 */
export function insideNamespaces(file: string): boolean {
  if (process.env.TSBUILD_ID_MODE !== undefined) return true;
  const launcher = nativeFile('tsbuild-launch');
  if (!existsSync(launcher)) throw new Error(`${launcher} is not built: npm run build`);
  const { status, signal } = spawnSync(launcher, ['enter', process.execPath, file, 'run'], { stdio: 'inherit' });
  process.exitCode = signal === null ? (status ?? 1) : 1;
  return false;
}

/** How many ids there are: `root` (no user namespace), `mapped` (several), `single`. */
export function idMode(): 'root' | 'mapped' | 'single' {
  return process.env.TSBUILD_ID_MODE as 'root' | 'mapped' | 'single';
}
