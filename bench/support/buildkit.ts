import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeBase } from './base-image.js';
import { type Command, runOnce } from './measure.js';

/** Debian's pair (package docker.io): a newer client needs a plug-in to ask for BuildKit. */
const DAEMON = '/usr/sbin/dockerd';
const CLIENT = '/usr/bin/docker';
const START_TIMEOUT_MS = 20_000;
const START_POLL_MS = 100;

/** The BuildKit inside a private Docker daemon, through its client. */
export class BuildKit {
  constructor(
    readonly directory: string,
    readonly daemonPid: number,
  ) {}

  /** `docker build` with BuildKit. The daemon's processor time counts as the command's. */
  build(args: readonly string[], context: string): Command {
    const file = join(context, 'Containerfile');
    return this.command(['build', '--network', 'host', '-f', file, ...args, context]);
  }

  command(args: readonly string[]): Command {
    return {
      argv: [CLIENT, '-H', socketOf(this.directory), ...args],
      env: { DOCKER_BUILDKIT: '1', DOCKER_CONFIG: join(this.directory, 'client') },
      daemonPid: this.daemonPid,
    };
  }
}

/**
 * Runs `body` beside a Docker daemon that has its socket, data and state in `directory` and touches neither the firewall nor another daemon's
 * files; it has ended when this resolves. Where none can run, `body` gets nothing and one line says why.
 */
export async function withBuildKit<T>(directory: string, body: (buildkit: BuildKit | undefined) => Promise<T>): Promise<T> {
  const obstacle = obstacleHere();
  if (obstacle !== undefined) return withoutBuildKit(obstacle, body);
  const daemon = startDaemon(directory);
  const ended = new Promise((resolve) => daemon.on('close', resolve));
  try {
    const buildkit = new BuildKit(directory, daemon.pid!);
    const failure = await waitUntilItBuilds(buildkit, daemon);
    return await (failure === undefined ? body(buildkit) : withoutBuildKit(failure, body));
  } finally {
    daemon.kill('SIGTERM');
    await ended;
  }
}

function withoutBuildKit<T>(reason: string, body: (buildkit: undefined) => Promise<T>): Promise<T> {
  console.log(`  without BuildKit: ${reason}`);
  return body(undefined);
}

function obstacleHere(): string | undefined {
  if (process.getuid?.() !== 0) return 'its daemon needs root';
  const missing = [DAEMON, CLIENT].find((program) => !existsSync(program));
  return missing === undefined ? undefined : `there is no ${missing} (apt-get install docker.io; the bench does not install a daemon)`;
}

function startDaemon(directory: string): ChildProcess {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'daemon.json'), '{}');
  const log = openSync(join(directory, 'daemon.log'), 'w');
  // Runtimes refuse both versions of cgroups at once; an empty /run keeps it from the sockets of a daemon the machine may have.
  const surroundings =
    'umount -l /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && mount -t tmpfs none /run && PATH=$PATH:/usr/sbin && exec "$@"';
  const paths = ['--config-file', join(directory, 'daemon.json'), '--data-root', join(directory, 'data')];
  const state = ['-H', socketOf(directory), '--exec-root', join(directory, 'state'), '--pidfile', join(directory, 'pid')];
  const noNetwork = ['--iptables=false', '--ip6tables=false', '--bridge=none'];
  const argv = ['--mount', '--propagation', 'private', 'sh', '-c', surroundings, 'sh', DAEMON, ...paths, ...state, ...noNetwork];
  return spawn('unshare', argv, { stdio: ['ignore', log, log] });
}

/** Waits until a RUN has gone through, and says what was in the way when none does. */
async function waitUntilItBuilds(buildkit: BuildKit, daemon: ChildProcess): Promise<string | undefined> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await succeeds(buildkit.command(['version'])))) {
    if (daemon.exitCode !== null || Date.now() > deadline) return `its daemon does not start: ${lastLine(buildkit.directory)}`;
    await sleep(START_POLL_MS);
  }
  const probe = writeBase(join(buildkit.directory, 'probe'));
  writeFileSync(join(probe, 'Containerfile'), 'FROM scratch\nADD rootfs.tar /\nENV PATH=/bin\nRUN true\n');
  try {
    await runOnce(buildkit.build(['-q'], probe));
    return undefined;
  } catch (error) {
    return `it cannot run a command: ${(error as Error).message.trim().split('\n').at(-1)}`;
  }
}

async function succeeds(command: Command): Promise<boolean> {
  try {
    await runOnce(command);
    return true;
  } catch {
    return false;
  }
}

function lastLine(directory: string): string {
  return readFileSync(join(directory, 'daemon.log'), 'utf8').trim().split('\n').at(-1)!;
}

function socketOf(directory: string): string {
  return `unix://${join(directory, 'docker.sock')}`;
}
