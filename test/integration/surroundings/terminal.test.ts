import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { inPlaceFor } from '../../support/runtimes.js';
import { skip, suite } from '../../support/suite.js';
import { addBusybox, run, withTestStore } from '../../support/tsbuild.js';

const PYTHON = '/usr/bin/python3';

/** A terminal of its own for the program, 100 columns wide; later 120. It reads what the terminal shows until the end. */
const DRIVER = `
import fcntl, os, pty, select, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
def size(columns): fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 40, columns, 0, 0))
steps = [step.split('|') for step in sys.argv[1].split('~')]
seen = b''
while True:
    try: chunk = os.read(fd, 4096)
    except OSError: break
    if not chunk: break
    seen += chunk
    os.write(1, chunk)
    while steps and steps[0][0].encode() in seen:
        seen = seen.split(steps[0][0].encode(), 1)[1]
        action = steps.pop(0)[1]
        if action.startswith('size'): size(int(action[4:]))
        elif action == 'ctrl-c': os.write(fd, b'\\x03')
        else: os.write(fd, action.encode() + b'\\n')
_, status = os.waitpid(pid, 0)
os.write(1, ('STATUS %d' % os.waitstatus_to_exitcode(status)).encode())
`;

/** What a program sees of its terminal: its name, changes of the size, a line, Ctrl-C. */
const WATCHING = `trap 'echo interrupted; stty size; exit 7' INT; trap 'echo resized; stty size' WINCH; tty; stty size; echo ready; while true; do read line && echo "got $line"; done`;
const STEPS = 'ready|size120~40 120|hello~got hello|ctrl-c';

function assertWatched(stdout: string): void {
  assert.match(stdout, '/dev/pts/0');
  assert.match(stdout, /resized\r\n40 120/);
  assert.match(stdout, 'got hello');
  assert.match(stdout, /interrupted\r\n40 120/);
  assert.match(stdout, 'STATUS 7');
}

suite('run -t', (test) => {
  test('a terminal of the command, with its size, its changes and its Ctrl-C', () =>
    withTestStore(async (store) => {
      if (!existsSync(PYTHON)) skip('python3 is not installed');
      await addBusybox(store);
      await store.ok(['from', '--name', 'c', '--network', 'host', 'busybox']);
      const { stdout } = await run([PYTHON, '-c', DRIVER, STEPS, ...store.argv(['run', '-t', 'c', 'sh', '-c', WATCHING])]);
      assertWatched(stdout);
    }));

  for (const runtime of ['runc', 'crun']) {
    test(`the same by ${runtime}, and the caller's terminal is afterwards what it was`, () =>
      withTestStore(async (store) => {
        if (!existsSync(PYTHON)) skip('python3 is not installed');
        const inRuntime = await inPlaceFor(runtime, store);
        await addBusybox(store);
        await store.ok(['from', '--name', 'c', '--network', 'host', 'busybox']);
        const by = store.argv(['run', '-t', '--isolation', 'oci', '--runtime', runtime, 'c', 'sh', '-c']);
        const around =
          'stty rows 30 columns 90; before=$(stty -g); "$@"; status=$?; [ "$(stty -g)" = "$before" ] && echo restored; exit $status';
        const { stdout } = await run(inRuntime([PYTHON, '-c', DRIVER, STEPS, '/bin/sh', '-c', around, 'sh', ...by, WATCHING]));
        // The size is there when the command starts.
        assert.match(stdout, /pts\/0\r\n30 90\r\n/);
        assertWatched(stdout);
        assert.match(stdout, 'restored');

        // Without a terminal outside: all output arrives, and the status is the command's.
        const long = await run(inRuntime([...by, 'seq 1 20000; exit 9']));
        assert.is(long.status, 9, long.stderr);
        assert.is(long.stdout, Array.from({ length: 20_000 }, (_, index) => `${index + 1}\r\n`).join(''));
      }));
  }

  test('a runtime that hands no terminal over is refused, and nothing of it is left', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      await store.ok(['from', '--name', 'c', '--network', 'host', 'busybox']);
      const mark = `91${process.pid}`;
      const silent = join(store.directory, 'silent');
      // Connects, so that nothing has to run out, and leaves again.
      const connect = `${PYTHON} -c 'import socket; socket.socket(socket.AF_UNIX).connect("console")'`;
      writeFileSync(silent, `#!/bin/sh\ncase "$*" in *" create "*) sleep ${mark} & echo $! > pid; ${connect};; esac\n`, { mode: 0o755 });
      const { status, stderr } = await store.tsbuild(['run', '-t', '--isolation', 'oci', '--runtime', silent, 'c', 'true']);
      assert.is(status, 125);
      assert.match(stderr, `Cannot run the command by ${silent}: it handed no terminal over`);
      assert.is((await run(['pgrep', '-f', `sleep ${mark}`])).stdout, '');
    }));

  test('all output arrives, and input that ends is told', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      await store.ok(['from', '--name', 'c', '--network', 'host', 'busybox']);
      const long = await store.ok(['run', '-t', 'c', 'seq', '1', '50000']);
      assert.is(long.stdout, Array.from({ length: 50_000 }, (_, index) => `${index + 1}\r\n`).join(''));
      const fed = await store.ok(['run', '-t', 'c', 'sh', '-c', 'stty -echo; cat; echo done'], { stdin: 'one\ntwo\n' });
      assert.match(fed.stdout, /one\r\ntwo\r\n/);
      assert.match(fed.stdout, /done\r\n$/);
      // The status is the command's, of a signal 128 and its number.
      assert.is((await store.tsbuild(['run', '-t', 'c', 'sh', '-c', 'kill -9 $$'])).status, 137);
    }));
});

suite('signals', (test) => {
  test('the end of the builder ends the whole tree; a signal gives 128 and its number', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      await store.ok(['from', '--name', 'c', '--network', 'host', 'busybox']);
      assert.is((await store.tsbuild(['run', 'c', 'sh', '-c', 'kill -TERM $$'])).status, 143);
      const [program, ...args] = store.argv([
        'run',
        'c',
        'sh',
        '-c',
        'trap "" TERM INT; (trap "" TERM; sleep 777) & echo up; wait; sleep 777',
      ]);
      const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'ignore'] });
      await once(child.stdout, 'data');
      child.kill('SIGTERM');
      const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
      assert.ok(code === 143 || signal === 'SIGTERM', `${code} ${signal}`);
      const { stdout } = await run(['pgrep', '-f', join('sleep 777')]);
      assert.is(stdout, '');
    }));
});
