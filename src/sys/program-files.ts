import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

let folder: string | undefined;

/** Absolute path of a file of the native part: `tsbuild-launch`, `tsbuild.node`, `seccomp-*.bpf`. It may not have been built. */
export function nativeFile(name: string): string {
  return join(programFolder(), 'dist', 'native', name);
}

/** Absolute path of the bundle that a worker thread for layers starts with. */
export function workerFile(): string {
  return join(programFolder(), 'dist', 'layer-worker.cjs');
}

/** Absolute path of a file of the package, `package.json` for instance. */
export function packageFile(name: string): string {
  return join(programFolder(), name);
}

/** The folder tsbuild is installed in: the nearest one upwards that has package.json and dist/. */
function programFolder(): string {
  folder ??= findFolder(import.meta.dirname);
  return folder;
}

function findFolder(start: string): string {
  for (let at = start; ; at = dirname(at)) {
    // A build folder has a package.json of its own (for "type"), so that alone does not tell.
    if (existsSync(join(at, 'package.json')) && existsSync(join(at, 'dist'))) return at;
    // Nothing is built yet: the caller's error then names a path inside the start folder.
    if (at === dirname(at)) return start;
  }
}
