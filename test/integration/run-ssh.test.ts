import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { commitAll, git } from '../support/git-server.js';
import { skip, suite } from '../support/suite.js';
import { addBusybox, type Run, type TestStore, withTestStore } from '../support/tsbuild.js';

const PROGRAMS = ['/usr/bin/ssh-agent', '/usr/bin/ssh-add', '/usr/bin/ssh-keygen'];

/** This machine's programs in the sandbox, for its ssh-add. */
const HOST_PROGRAMS = ['/usr', '/lib', '/lib64'].filter((path) => existsSync(path)).flatMap((path) => ['-v', `${path}:${path}:ro`]);

async function withKeys(body: (store: TestStore, keys: { readonly one: string; readonly two: string }) => Promise<void>): Promise<void> {
  const missing = PROGRAMS.find((program) => !existsSync(program));
  if (missing !== undefined) skip(`${missing} is not installed`);
  await withTestStore(async (store) => {
    await addBusybox(store);
    const [one, two] = ['one', 'two'].map((name) => {
      const file = join(store.directory, name);
      execFileSync('/usr/bin/ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', `key-${name}`, '-f', file]);
      return file;
    }) as [string, string];
    await body(store, { one, two });
  });
}

function build(store: TestStore, lines: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Run> {
  const context = join(store.directory, 'context');
  mkdirSync(context, { recursive: true });
  writeFileSync(join(context, 'Containerfile'), `FROM busybox\n${lines}`);
  return store.tsbuild(['bud', '--no-cache', '-t', 'app', ...HOST_PROGRAMS, ...args, context], {
    env: { SSH_AUTH_SOCK: undefined, ...env },
  });
}

function ok(result: Run): Run {
  assert.is(result.status, 0, `${result.stdout}\n${result.stderr}`);
  return result;
}

/** Agents and sockets that were not closed. */
function agentsOf(store: TestStore): readonly string[] {
  return readdirSync(join(store.directory, 'run')).filter((name) => /^(ssh|key)-/.test(name));
}

/** Runs `body` beside an agent of the user's own that holds `key`. */
async function withOwnAgent(store: TestStore, key: string, body: (socket: string) => Promise<void>): Promise<void> {
  const socket = join(store.directory, 'own-agent');
  const agent = spawn('/usr/bin/ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    await new Promise((resolve) => agent.stdout.once('data', resolve));
    execFileSync('/usr/bin/ssh-add', ['-q', key], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
    await body(socket);
  } finally {
    agent.kill();
  }
}

suite('RUN --mount=type=ssh', (test) => {
  test('keys of files: listed, and nothing else allowed; several ids do not mix', () =>
    withKeys(async (store, { one, two }) => {
      const lines = `
RUN --mount=type=ssh,id=a test "$SSH_AUTH_SOCK" = /run/buildkit/ssh_agent.0 && stat -c 'mode %a' $SSH_AUTH_SOCK && /usr/bin/ssh-add -l && ! /usr/bin/ssh-add -D && /usr/bin/ssh-add -l
RUN --mount=type=ssh,id=b,target=/agent,mode=0666 test "$SSH_AUTH_SOCK" = /agent && /usr/bin/ssh-add -l | grep key-two && ! /usr/bin/ssh-add -l | grep key-one
RUN test -z "$SSH_AUTH_SOCK" && ! ls /run/buildkit && ! ls /agent
`;
      const { stdout, stderr } = ok(await build(store, lines, ['--ssh', `a=${one}`, '--ssh', `b=${two}`]));
      assert.match(stdout, /mode 600/);
      assert.is(stdout.match(/^256 \S+ key-one/gm)?.length, 2, stdout + stderr);
      assert.equal(agentsOf(store), []);
    }));

  test('a build that fails before its first step leaves no agent behind', () =>
    withKeys(async (store, { one }) => {
      const repository = join(store.directory, 'app');
      mkdirSync(repository);
      git(repository, 'init', '--quiet');
      writeFileSync(join(repository, 'Containerfile'), 'FROM scratch\nRUN <<EOF\nnobody ends this\n');
      commitAll(repository);
      // In place of ssh: the other end of the connection, here.
      const programs = join(store.directory, 'programs');
      mkdirSync(programs);
      const seen = join(store.directory, 'seen');
      const ssh = `#!/bin/sh\nssh-add -l >${seen}\nfor command; do :; done\nexec sh -c "$command"\n`;
      writeFileSync(join(programs, 'ssh'), ssh, { mode: 0o755 });
      const env = { PATH: `${programs}:${process.env.PATH}`, SSH_AUTH_SOCK: undefined };
      const { status, stderr } = await store.tsbuild(['bud', '--ssh', `default=${one}`, `ssh://git@localhost${repository}`], { env });
      assert.is(status, 125, stderr);
      assert.match(stderr, /unterminated heredoc/);
      assert.match(readFileSync(seen, 'utf8'), /key-one/);
      assert.equal(agentsOf(store), []);
    }));

  test("default: the user's own agent, also beside another", () =>
    withKeys(async (store, { one, two }) => {
      await withOwnAgent(store, one, async (socket) => {
        const lines = `RUN --mount=type=ssh /usr/bin/ssh-add -l
RUN --mount=type=ssh,id=k /usr/bin/ssh-add -l
RUN --mount=type=ssh,id=s --mount=type=ssh,id=k /usr/bin/ssh-add -l && SSH_AUTH_SOCK=/run/buildkit/ssh_agent.1 /usr/bin/ssh-add -l
`;
        const args = ['--ssh', `k=${two}`, '--ssh', 'default', '--ssh', `s=${socket}`];
        const { stdout } = ok(await build(store, lines, args, { SSH_AUTH_SOCK: socket }));
        assert.equal(stdout.match(/key-(one|two)/g), ['key-one', 'key-two', 'key-one', 'key-two']);
      });
    }));

  test('for a user other than root', () =>
    withKeys(async (store, { one }) => {
      const lines =
        'RUN adduser -D -u 1000 me || echo "me:x:1000:1000::/:/bin/sh" >>/etc/passwd\nUSER 1000\nRUN --mount=type=ssh,uid=1000 /usr/bin/ssh-add -l\n';
      assert.match(ok(await build(store, lines, ['--ssh', `default=${one}`])).stdout, /key-one/);
    }));

  test('an id that is not given: required fails at its line, otherwise there is no agent', () =>
    withKeys(async (store) => {
      ok(await build(store, 'RUN --mount=type=ssh test -z "$SSH_AUTH_SOCK"\n', []));
      const { status, stderr } = await build(store, 'RUN --mount=type=ssh,id=x,required true\n', []);
      assert.is.not(status, 0);
      assert.match(stderr, /ssh required but no ssh agent with id "x" found/);
      assert.match(stderr, /Containerfile:2/);
    }));

  test('a file that is no key is named', () =>
    withKeys(async (store) => {
      const file = join(store.directory, 'nokey');
      writeFileSync(file, 'nothing\n', { mode: 0o600 });
      const { status, stderr } = await build(store, 'RUN --mount=type=ssh true\n', ['--ssh', `default=${file}`]);
      assert.is.not(status, 0);
      assert.match(stderr, /ssh "default": cannot use the key ".*nokey"/);
    }));
});
