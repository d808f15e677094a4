import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { skip } from './suite.js';
import { fastTempRoot } from './temp-dir.js';

/** Git's own server program behind node:http, with repositories in a directory of its own. */
export interface GitServer {
  readonly directory: string;
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** `METHOD path` of each request since it was last emptied. */
  readonly requests: string[];
  /** Headers of the last request. */
  lastHeaders(): IncomingMessage['headers'];
  /** Answers instead of git; return false to leave a request to git. */
  intercept(handler: (request: IncomingMessage, response: ServerResponse) => boolean): void;
}

const BACKEND = '/usr/lib/git-core/git-http-backend';

const IDENTITY = {
  GIT_AUTHOR_NAME: 'Test',
  GIT_AUTHOR_EMAIL: 'test@example.com',
  GIT_COMMITTER_NAME: 'Test',
  GIT_COMMITTER_EMAIL: 'test@example.com',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
};

/** Runs git in `cwd` as a user would, at a fixed time. */
export function git(cwd: string, ...args: string[]): string {
  const times = { GIT_AUTHOR_DATE: '1700000000 +0000', GIT_COMMITTER_DATE: '1700000000 +0000' };
  const options = ['-c', 'init.defaultBranch=main', '-c', 'protocol.file.allow=always', '-c', 'safe.directory=*'];
  return execFileSync('git', [...options, ...args], {
    cwd,
    env: { ...process.env, ...IDENTITY, ...times },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 20_000,
  })
    .toString()
    .trim();
}

export async function withGitServer<T>(body: (server: GitServer) => Promise<T>): Promise<T> {
  if (!existsSync(BACKEND)) skip('git is not installed');
  const directory = mkdtempSync(join(fastTempRoot(), 'tsbuild-git-'));
  const requests: string[] = [];
  let headers: IncomingMessage['headers'] = {};
  let handler: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    headers = request.headers;
    if (!handler(request, response)) backend(directory, request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  try {
    return await body({
      directory,
      origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      requests,
      lastHeaders: () => headers,
      intercept: (next) => {
        handler = next;
      },
    });
  } finally {
    server.closeAllConnections();
    server.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** An empty repository with a branch `main`, which the server shows as `NAME.git`. */
export function makeRepository(server: GitServer, name: string): string {
  const directory = join(server.directory, `${name}.git`);
  mkdirSync(directory);
  git(directory, 'init', '--quiet');
  return directory;
}

/** Everything in the work tree as a new commit; its digits. */
export function commitAll(repository: string): string {
  git(repository, 'add', '--all');
  git(repository, 'commit', '--quiet', '--allow-empty', '-m', 'a commit');
  return git(repository, 'rev-parse', 'HEAD');
}

/** @see https://git-scm.com/docs/git-http-backend and RFC 3875 */
function backend(root: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const child = spawn(BACKEND, [], {
    env: {
      ...process.env,
      ...IDENTITY,
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'safe.directory',
      GIT_CONFIG_VALUE_0: '*',
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REMOTE_ADDR: '127.0.0.1',
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.on('error', () => {});
  request.pipe(child.stdin);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.on('close', () => {
    const output = Buffer.concat(chunks);
    const end = output.indexOf('\r\n\r\n');
    let status = 200;
    for (const line of output.subarray(0, Math.max(0, end)).toString('latin1').split('\r\n')) {
      const [name = '', value = ''] = line.split(/:\s*/, 2);
      if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10);
      else if (name !== '') response.setHeader(name, value);
    }
    response.writeHead(status);
    response.end(output.subarray(end + 4));
  });
}
