import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const PROGRAM = '/usr/bin/docker-registry';
const START_TIMEOUT_MS = 20_000;

/** Runs `body` with Debian's docker-registry on loopback; it has ended when this resolves. Where there is none, `body` gets nothing. */
export async function withRegistry<T>(directory: string, body: (host: string | undefined) => Promise<T>): Promise<T> {
  if (!existsSync(PROGRAM)) {
    console.log(`  without a registry: there is no ${PROGRAM} (apt-get install docker-registry)`);
    return body(undefined);
  }
  mkdirSync(directory, { recursive: true });
  const host = `127.0.0.1:${await freePort()}`;
  const file = join(directory, 'config.yml');
  // JSON is YAML as well.
  const storage = { filesystem: { rootdirectory: join(directory, 'data') }, delete: { enabled: true } };
  const log = { level: 'error', accesslog: { disabled: true } };
  writeFileSync(file, JSON.stringify({ version: 0.1, log, storage, http: { addr: host } }));
  const server = spawn(PROGRAM, ['serve', file], { stdio: 'ignore' });
  const ended = new Promise((resolve) => server.on('close', resolve));
  try {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!(await answers(host))) {
      if (server.exitCode !== null || Date.now() > deadline) throw new Error('docker-registry does not start');
      await sleep(50);
    }
    return await body(host);
  } finally {
    server.kill();
    await ended;
  }
}

async function answers(host: string): Promise<boolean> {
  try {
    return (await fetch(`http://${host}/v2/`)).ok;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
