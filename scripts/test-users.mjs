// The identities tests run as. Root makes two ordinary users: one with subordinate ids, one without.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { project, SetupError, say } from './requirements.mjs';

const WITH_IDS = 'tsbuild-subids';
const WITHOUT_IDS = 'tsbuild-noids';

/** @typedef {{name: string, command: (file: string) => string[], reason?: string}} Identity */

/** @returns {Identity[]} what can be run here; an identity that cannot carries the reason */
export function identities() {
  const plain = (file) => [process.execPath, file];
  if (process.getuid() !== 0) {
    const reason = 'only root can make users; run the tests as root to cover every identity';
    return [
      { name: 'this user', command: plain },
      { name: 'root', command: plain, reason },
      { name: WITHOUT_IDS, command: plain, reason },
    ];
  }
  ensureUser(WITH_IDS);
  ensureUser(WITHOUT_IDS);
  ensureSubordinateIds(WITH_IDS);
  dropSubordinateIds(WITHOUT_IDS);
  return [{ name: 'root', command: plain }, asUser(WITH_IDS), asUser(WITHOUT_IDS)];
}

/**
 * Runs a test file as `user`. The checkout may lie where only root can go, so the user sees it bind-mounted, in a mount namespace of
 * its own, at a folder everybody can enter.
 */
function asUser(user) {
  const view = '/mnt';
  const script = `mount --bind "$0" ${view} && cd ${view} && exec setpriv --reuid=${user} --regid=${user} --init-groups --inh-caps=-all env -u XDG_RUNTIME_DIR -u XDG_DATA_HOME HOME=/home/${user} USER=${user} LOGNAME=${user} "$1" "$2"`;
  return {
    name: user,
    command: (file) => [
      'unshare',
      '--mount',
      '--propagation',
      'private',
      'sh',
      '-c',
      script,
      project,
      process.execPath,
      file.replace(project, view),
    ],
  };
}

function ensureUser(name) {
  if (readFileSync('/etc/passwd', 'utf8').includes(`\n${name}:`)) return;
  say(`making the test user ${name}`);
  try {
    execFileSync('useradd', ['--create-home', '--home-dir', `/home/${name}`, '--shell', '/bin/sh', name], { stdio: 'pipe' });
  } catch (error) {
    throw new SetupError(`Cannot make the test user ${name}: ${error.stderr}`);
  }
}

function ensureSubordinateIds(name) {
  for (const [file, flag] of [
    ['/etc/subuid', '--add-subuids'],
    ['/etc/subgid', '--add-subgids'],
  ]) {
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').filter(Boolean) : [];
    if (lines.some((line) => line.startsWith(`${name}:`))) continue;
    const start = lines.reduce((end, line) => Math.max(end, Number(line.split(':')[1]) + Number(line.split(':')[2])), 100000);
    execFileSync('usermod', [flag, `${start}-${start + 65535}`, name]);
  }
}

function dropSubordinateIds(name) {
  for (const [file, flag] of [
    ['/etc/subuid', '--del-subuids'],
    ['/etc/subgid', '--del-subgids'],
  ]) {
    if (!existsSync(file)) continue;
    for (const line of readFileSync(file, 'utf8')
      .split('\n')
      .filter((entry) => entry.startsWith(`${name}:`))) {
      const [, start, count] = line.split(':').map(Number);
      execFileSync('usermod', [flag, `${start}-${start + count - 1}`, name]);
    }
  }
}
