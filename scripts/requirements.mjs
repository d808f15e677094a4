// What the machine must have, and how to get it. Each check says what it found; nothing is installed twice.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const project = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

/** Debian packages by the program or file that shows each one is there. */
const BUILD_PACKAGES = [
  ['build-essential', 'cc'],
  ['build-essential', 'c++'],
  ['make', 'make'],
  ['python3', 'python3'],
];
export const RUN_PACKAGES = [
  ['uidmap', 'newuidmap'],
  ['busybox-static', 'busybox'],
];
export const TEST_PACKAGES = [
  ...RUN_PACKAGES,
  ['mmdebstrap', 'mmdebstrap'],
  ['docker-registry', 'docker-registry'],
  ['apache2-utils', 'htpasswd'],
  ['openssl', 'openssl'],
  ['skopeo', 'skopeo'],
  ['umoci', 'umoci'],
  ['buildah', 'buildah'],
  ['podman', 'podman'],
  ['crun', 'crun'],
  ['runc', 'runc'],
  ['xz-utils', 'xz'],
  ['bzip2', 'bzip2'],
  ['zstd', 'zstd'],
  ['attr', 'setfattr'],
  ['libcap2-bin', 'setcap'],
  ['strace', 'strace'],
];

export function say(text) {
  console.log(`==> ${text}`);
}

export class SetupError extends Error {}

export function hasProgram(name) {
  const path = `${process.env.PATH}:/usr/sbin:/sbin:/usr/local/sbin`;
  return path.split(':').some((folder) => folder !== '' && existsSync(join(folder, name)));
}

export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new SetupError(`Node ${process.versions.node} is too old: tsbuild needs 20.19 or newer (https://nodejs.org/en/download)`);
  }
  if (process.platform !== 'linux')
    throw new SetupError(`tsbuild builds images with the Linux kernel's own means; this is ${process.platform}`);
}

/** Installs what is missing by apt-get where that may be done, else names the one command. */
export function ensurePackages(packages) {
  const missing = [...new Set(packages.filter(([, program]) => !hasProgram(program)).map(([name]) => name))];
  if (missing.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (!hasProgram('apt-get'))
    throw new SetupError(`Missing programs; install the equivalents of these Debian packages: ${missing.join(' ')}`);
  if (process.getuid() !== 0) throw new SetupError(`Missing Debian packages; run: sudo ${command}`);
  say(`installing Debian packages: ${missing.join(' ')}`);
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (args) => spawnSync('apt-get', args, { env: environment, encoding: 'utf8', maxBuffer: 1 << 28 });
  apt(['update', '-q']);
  const install = apt(['install', '-y', '-q', '--no-install-recommends', ...missing]);
  const still = [...new Set(packages.filter(([, program]) => !hasProgram(program)).map(([name]) => name))];
  if (still.length > 0) {
    throw new SetupError(
      `apt-get could not install ${still.join(' ')}:\n${(install.stderr || install.stdout || String(install.error)).trim().split('\n').slice(-5).join('\n')}`,
    );
  }
}

export function ensureBuildTools() {
  ensurePackages(BUILD_PACKAGES);
}

/** `npm ci` when node_modules is missing or older than the lock file. */
export function ensureNpmPackages() {
  const lock = join(project, 'package-lock.json');
  const stamp = join(project, 'node_modules', '.tsbuild-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === readFileSync(lock, 'utf8')) return;
  say('installing npm packages (zstd is compiled: about a minute)');
  // node-gyp would fetch Node's headers; the ones beside the running Node fit it by definition.
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, 'include/node/node_api.h')) ? { npm_config_nodedir: prefix } : {};
  const run = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: project,
    env: { ...process.env, npm_config_build_from_source: 'true', JOBS: 'max', ...headers },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (run.status !== 0) throw new SetupError(`npm ci failed:\n${(run.stdout + run.stderr).trim().split('\n').slice(-30).join('\n')}`);
  writeFileSync(stamp, readFileSync(lock));
}

export function build() {
  say('building');
  const run = spawnSync(process.execPath, [join(project, 'scripts/build.mjs')], { cwd: project, stdio: ['ignore', 'inherit', 'inherit'] });
  if (run.status !== 0) throw new SetupError('The build failed; its messages are above');
}

/** Says what keeps ordinary users from building, if anything does. */
export function checkRootless() {
  if (process.getuid() === 0) return;
  const user = execFileSync('id', ['-un'], { encoding: 'utf8' }).trim();
  const listed =
    existsSync('/etc/subuid') &&
    readFileSync('/etc/subuid', 'utf8')
      .split('\n')
      .some((line) => line.startsWith(`${user}:`) || line.startsWith(`${process.getuid()}:`));
  if (!listed)
    say(
      `${user} has no subordinate ids: everything will belong to one id; for more: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${user}`,
    );
  if (hasProgram('newuidmap')) return;
  say('newuidmap is missing (Debian package uidmap): everything will belong to one id');
}

/** Newest change below `path`, for deciding whether a fixture must be made again. */
export function modifiedMs(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

/** Runs `main`, turning a known problem into one clear message. */
export async function runMain(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`\n${error.message}`);
    process.exitCode = 1;
  }
}
