import { execFile, execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { skip } from './suite.js';
import { withTempDir } from './temp-dir.js';

export interface DockerRegistryOptions {
  /** Serve https with a certificate for 127.0.0.1 that an authority made for the occasion has signed. */
  readonly tls?: boolean;
  readonly user?: { readonly name: string; readonly password: string };
}

export interface DockerRegistry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** PEM text of the authority that signed its certificate; empty without TLS. */
  readonly ca: string;
}

const START_TIMEOUT_MS = 20_000;

/** Run `body` with the registry Debian packages (distribution 2.8), alone in a directory of its own. Skips the test where it is missing. */
export async function withDockerRegistry<T>(options: DockerRegistryOptions, body: (registry: DockerRegistry) => Promise<T>): Promise<T> {
  for (const tool of ['docker-registry', ...(options.tls ? ['openssl'] : []), ...(options.user ? ['htpasswd'] : [])]) demand(tool);
  return withTempDir(async (directory) => {
    const host = `127.0.0.1:${await freePort()}`;
    const ca = options.tls ? await makeCertificates(directory) : '';
    const file = join(directory, 'config.yml');
    writeFileSync(file, JSON.stringify(configuration(directory, host, options)));
    const server = spawn('docker-registry', ['serve', file], { stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = new Promise<void>((resolve) => server.on('close', () => resolve()));
    let complaints = '';
    server.stderr.on('data', (text: Buffer) => {
      complaints = (complaints + text.toString()).slice(-2000);
    });
    try {
      const deadline = Date.now() + START_TIMEOUT_MS;
      while (!(await accepts(host))) {
        if (server.exitCode !== null || Date.now() > deadline) throw new Error(`docker-registry does not start: ${complaints}`);
        await delay(20);
      }
      return await body({ host, ca });
    } finally {
      server.kill();
      await ended;
    }
  });
}

/** Skips the test where `tool` is not installed. */
export function demand(tool: string): void {
  try {
    execFileSync('sh', ['-c', 'command -v "$1"', 'sh', tool], { stdio: 'ignore' });
  } catch {
    // Not an error of the code under test: the reason is printed with the skip.
    skip(`${tool} is not installed`);
  }
}

/** JSON is YAML as well. */
function configuration(directory: string, host: string, { tls, user }: DockerRegistryOptions): unknown {
  const passwords = join(directory, 'htpasswd');
  if (user !== undefined) {
    // The registry takes bcrypt only; cost 4 is the least, and enough for a password that lives for a second.
    writeFileSync(passwords, execFileSync('htpasswd', ['-nbBC', '4', user.name, user.password]));
  }
  return {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(directory, 'data') } },
    http: { addr: host, ...(tls ? { tls: { certificate: join(directory, 'server.crt'), key: join(directory, 'server.key') } } : {}) },
    ...(user === undefined ? {} : { auth: { htpasswd: { realm: 'test', path: passwords } } }),
  };
}

/** @returns the authority's certificate */
async function makeCertificates(directory: string): Promise<string> {
  const openssl = (...args: string[]) => promisify(execFile)('openssl', args, { cwd: directory });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '2', '-subj', '/CN=test authority');
  await openssl('req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=registry');
  writeFileSync(join(directory, 'names'), 'subjectAltName=IP:127.0.0.1\n');
  await openssl(
    'x509',
    '-req',
    '-in',
    'server.csr',
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    'names',
    '-out',
    'server.crt',
  );
  return (await openssl('x509', '-in', 'ca.crt')).stdout;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function accepts(host: string): Promise<boolean> {
  const [address = '', port] = host.split(':');
  return new Promise((resolve) => {
    const socket = connect(Number(port), address);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
