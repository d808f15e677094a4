import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { project } from './tsbuild.js';

interface PackageFile {
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** What the program loads beside its own files: all other dependencies are in the bundle. */
export const LOADED_DEPENDENCIES = ['zstd-napi', 'undici'] as const;

/** What only the build of the native half reads. */
const BUILD_LEFTOVERS = new Set(['obj', 'include']);

/** Copies tsbuild to `directory` as an installed package has it, built, with the dependencies it loads when it runs. */
export function copyInstalledPackage(directory: string): void {
  const { dependencies = {} } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as PackageFile;
  mkdirSync(directory, { recursive: true });
  cpSync(join(project, 'package.json'), join(directory, 'package.json'));
  for (const part of ['bin', 'dist']) copyTree(join(project, part), join(directory, part));
  for (const name of LOADED_DEPENDENCIES) {
    if (!Object.hasOwn(dependencies, name)) throw new Error(`"${name}" is not among the dependencies of package.json`);
    copyTree(join(project, 'node_modules', name), join(directory, 'node_modules', name));
  }
}

function copyTree(source: string, target: string): void {
  const isWanted = (path: string) => !BUILD_LEFTOVERS.has(basename(path)) && !/\/(?:deps|obj\.target)$/.test(path);
  cpSync(source, target, { recursive: true, filter: isWanted });
}
