import { spawn as nodeSpawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type ProcessExit, pipe, type SpawnOptions, spawn } from '../../../src/sys/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

type Extra = Partial<Omit<SpawnOptions, 'stdio'>> & { readonly script?: string };

/** Run `/bin/sh -c script` and give what it wrote to its standard output. */
async function run(extra: Extra): Promise<{ output: string; exit: ProcessExit }> {
  return withTempDir(async (directory) => {
    const nothing = openSync('/dev/null', 'r+');
    const out = openSync(join(directory, 'out'), 'w+');
    try {
      const { script = ':', ...rest } = extra;
      const child = spawn({ file: '/bin/sh', argv: ['sh', '-c', script], env: [], stdio: [nothing, out, out], fds: [], ...rest });
      const exit = await child.exited;
      return { output: readFileSync(join(directory, 'out'), 'utf8'), exit };
    } finally {
      closeSync(nothing);
      closeSync(out);
    }
  });
}

suite('sys spawn()', (test) => {
  test('tells the exit status and what was used', async () => {
    const { exit } = await run({ script: 'exit 42' });
    assert.is(exit.code, 42);
    assert.is(exit.signal, null);
    assert.ok(exit.maxRssKiB > 100);
    assert.ok(exit.userMs >= 0 && exit.systemMs >= 0);
  });

  test('gives exactly the environment, the arguments and the directory it is told', () =>
    withTempDir(async (directory) => {
      mkdirSync(join(directory, 'here'));
      const cwd = join(directory, 'here');
      const { output } = await run({
        argv: ['name', '-c', 'pwd; echo "$A|$HOME|$0|$1"', 'zero', 'o n e'],
        env: ['A=1 2', 'PATH=/bin'],
        cwd,
      });
      assert.is(output, `${cwd}\n1 2||zero|o n e\n`);
    }));

  test('closes every descriptor but those named', async () => {
    const a = openSync('/dev/zero', 'r');
    const b = openSync('/dev/full', 'r');
    // Sources and targets cross: 3 and 4 exist here, b goes where a may be and the other way round.
    const fds = [
      { fd: a, as: b },
      { fd: b, as: a },
    ];
    const { output } = await run({
      script: `cd /proc/self/fd; for f in ${a} ${b}; do readlink $f; done; ls`,
      env: ['PATH=/usr/bin:/bin'],
      fds,
    });
    closeSync(a);
    closeSync(b);
    const [first, second, ...open] = output.trimEnd().split('\n');
    assert.equal([first, second], ['/dev/full', '/dev/zero']);
    // Without a pipeline: while it makes one the shell itself holds more descriptors for a moment.
    assert.equal(open.map(Number).sort(), [0, 1, 2, a, b].sort());
  });

  test('starts with default signal actions and none blocked', async () => {
    const { output } = await run({ script: 'grep -E "^Sig(Blk|Ign)" /proc/self/status', env: ['PATH=/usr/bin:/bin'] });
    assert.is(output.replace(/\s+/g, ' '), 'SigBlk: 0000000000000000 SigIgn: 0000000000000000 ');
  });

  test('throws what exec says, with the path', async () => {
    const error: NodeJS.ErrnoException = await rejects(run({ file: '/nonexistent/program' }), { code: 'ENOENT' });
    assert.is(error.syscall, 'execve');
    assert.is(error.path, '/nonexistent/program');
    await rejects(run({ file: '/etc/passwd' }), { code: 'EACCES' });
    const inside: NodeJS.ErrnoException = await rejects(run({ cwd: '/nonexistent' }), { code: 'ENOENT' });
    assert.is(inside.path, '/nonexistent');
  });

  test('kill() sends a signal while the process lives and only then', async () => {
    const nothing = openSync('/dev/null', 'r+');
    const child = spawn({ file: '/bin/sleep', argv: ['sleep', '60'], env: [], stdio: [nothing, nothing, nothing], fds: [] });
    closeSync(nothing);
    assert.is(child.kill('SIGTERM'), true);
    const exit = await child.exited;
    assert.equal([exit.code, exit.signal], [null, 'SIGTERM']);
    assert.is(child.kill('SIGKILL'), false);
  });

  test('and node:child_process do not take processes from each other', async () => {
    const ours = Array.from({ length: 10 }, (_, index) => run({ script: `exit ${index}` }));
    const theirs = Array.from({ length: 10 }, async (_, index) => {
      const child = nodeSpawn('/bin/sh', ['-c', `exit ${100 + index}`]);
      const [code] = await once(child, 'exit');
      return code as number;
    });
    assert.equal(
      (await Promise.all(ours)).map(({ exit }) => exit.code),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    );
    assert.equal(await Promise.all(theirs), [100, 101, 102, 103, 104, 105, 106, 107, 108, 109]);
  });

  test('collects what comes through a pipe until nobody can write to it any more', async () => {
    const { readEnd, writeEnd } = pipe();
    const started = run({
      // The second writer outlives the process that was started.
      script: '(sleep 0.3; echo late >&7) & echo early >&7',
      env: ['PATH=/usr/bin:/bin'],
      fds: [{ fd: writeEnd, as: 7 }],
      collect: readEnd,
    });
    closeSync(writeEnd);
    assert.is((await started).exit.collected.toString(), 'early\nlate\n');
  });

  test('collects nothing when it is not asked to', async () => assert.is((await run({})).exit.collected.length, 0));

  test('refuses to place further descriptors on stdio', () => rejects(run({ fds: [{ fd: 0, as: 2 }] }), { message: /belongs to stdio/ }));
});
