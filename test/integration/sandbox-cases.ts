import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import type { SandboxSetupError } from '../../src/sandbox/index.js';
import { idMode } from '../support/inside-namespaces.js';
import { needKernel } from '../support/kernel.js';
import { rejects } from '../support/rejects.js';
import { withBox } from '../support/sandbox.js';
import { skip, suite } from '../support/suite.js';
import { withTempDir } from '../support/temp-dir.js';

const FULL_CAPABILITIES = '00000000800405fb'; // Buildah's eleven

async function setupFails(work: Promise<unknown>, stage: string): Promise<SandboxSetupError> {
  const error = (await rejects(work, { code: 'SANDBOX_SETUP' })) as unknown as SandboxSetupError;
  assert.is(error.stage, stage, error.message);
  return error;
}

/** Processes on this machine that have `marker` in their command line. */
function processesWith(marker: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').includes(marker);
    } catch {
      return false; // it has ended meanwhile
    }
  });
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 250 && !holds(); i++) await sleep(20);
  assert.ok(holds());
}

suite('runInSandbox: result and output', (test) => {
  test('the exit status is the command’s', () =>
    withBox(async (box) => {
      assert.equal((await box.run('exit 7')).result, { kind: 'exited', code: 7, warnings: [] });
    }));

  test('a signal is told apart from a status', () =>
    withBox(async (box) => {
      assert.equal((await box.run('kill -SEGV $$')).result, { kind: 'signaled', signal: 'SIGSEGV', warnings: [] });
    }));

  test('all output arrives, each stream by itself', () =>
    withBox(async (box) => {
      const { stdout, stderr } = await box.run('seq 1 200000; echo oops >&2');
      assert.is(stdout, `${Array.from({ length: 200000 }, (_, i) => i + 1).join('\n')}\n`);
      assert.is(stderr, 'oops\n');
    }));

  test('standard input is empty', () =>
    withBox(async (box) => {
      assert.is((await box.run('cat; echo end')).stdout, 'end\n');
    }));

  test('a pipe reader that ends early ends the writer', () =>
    withBox(async (box) => {
      assert.is((await box.run('yes | head -n 1')).stdout, 'y\n');
    }));

  test('a command that is not there is 127, one that is not a program 126', () =>
    withBox(async (box) => {
      writeFileSync(join(box.image, 'bin/data'), 'x');
      const missing = await box.run(['nosuch']);
      assert.is(missing.result.kind === 'exited' && missing.result.code, 127);
      assert.match(missing.stderr, '"nosuch": not found in PATH');
      const path = await box.run(['/bin/nosuch']);
      assert.match(path.stderr, '"/bin/nosuch": no such file in the image');
      const data = await box.run(['data']);
      assert.is(data.result.kind === 'exited' && data.result.code, 126);
      assert.match(data.stderr, 'Permission denied');
    }));

  test('a program whose loader is missing says so', () =>
    withBox(async (box) => {
      writeFileSync(join(box.image, 'bin/script'), '#!/no/such/interpreter\n');
      chmodSync(join(box.image, 'bin/script'), 0o755);
      assert.match((await box.run(['/bin/script'])).stderr, 'interpreter or dynamic loader does not exist');
      assert.match((await box.run(['script'])).stderr, 'interpreter does not exist');
    }));
});

suite('runInSandbox: what is left behind', (test) => {
  test('a command that writes nothing leaves the upper directory empty, whatever the image lacks', () =>
    withBox(async (box) => {
      const { result } = await box.run(['true'], {
        files: [
          { target: '/etc/hosts', content: '' },
          { target: '/etc/resolv.conf', content: '' },
          { target: '/run/secrets/a/b', content: 'x' },
        ],
        mounts: [{ kind: 'tmpfs', target: '/deep/inside/cache' }],
      });
      assert.is(result.kind === 'exited' && result.code, 0);
      assert.equal(readdirSync(box.upper), []);
    }));

  test('directories above a missing mount point keep their attributes, also when they are copied up', () =>
    withBox(async (box) => {
      mkdirSync(join(box.image, 'etc'));
      chmodSync(join(box.image, 'etc'), 0o2751);
      utimesSync(join(box.image, 'etc'), 1000000000, 1000000000);
      const { stdout } = await box.run('stat -c "%a %Y" /etc; chown 0:0 /etc');
      assert.is(stdout, '2751 1000000000\n');
      const copied = statSync(join(box.upper, 'etc'));
      assert.is(copied.mode & 0o7777, 0o2751);
      assert.is(copied.mtimeMs, 1000000000000);
      assert.equal(readdirSync(join(box.upper, 'etc')), []);
    }));

  test('a dangling link as a mount point is followed inside the root', () =>
    withBox(async (box) => {
      mkdirSync(join(box.image, 'etc'));
      symlinkSync('../run/systemd/resolve/stub-resolv.conf', join(box.image, 'etc/resolv.conf'));
      const { stdout } = await box.run('cat /etc/resolv.conf', {
        files: [{ target: '/etc/resolv.conf', content: 'nameserver 192.0.2.1\n' }],
      });
      assert.is(stdout, 'nameserver 192.0.2.1\n');
      assert.equal(readdirSync(box.upper), []);
    }));

  test('what a background process holds open does not keep the sandbox', () =>
    withBox(async (box) => {
      const started = Date.now();
      const { stdout } = await box.run('sleep 731 & echo started');
      assert.is(stdout, 'started\n');
      assert.ok(Date.now() - started < 5000);
      assert.equal(processesWith('sleep 731'), []);
    }));

  test('a directory as root loses the mount points made in it', () =>
    withBox(async (box) => {
      const { stdout } = await box.run('cat /etc/hosts; touch /made', { rootfs: { directory: box.image } });
      assert.is(stdout, '127.0.0.1 localhost\n');
      assert.equal(readdirSync(box.image).sort(), ['bin', 'made']);
    }));

  test('a directory as root keeps a mount point in which the command left something', () =>
    withBox(async (box) => {
      await box.run('echo x > /data/kept', {
        rootfs: { directory: box.image },
        mounts: [{ kind: 'tmpfs', target: '/data/inner' }],
        files: [],
      });
      assert.equal(readdirSync(join(box.image, 'data')), ['kept']);
    }));

  test('the same upper and work directories serve a second run', () =>
    withBox(async (box) => {
      await box.run('echo one > /a');
      assert.is((await box.run('cat /a')).stdout, 'one\n');
    }));

  test('without an upper directory the root is read-only', () =>
    withBox(async (box) => {
      const rootfs = { lowers: [box.image], overlayXattrs: idMode() === 'root' ? ('trusted' as const) : ('user' as const) };
      assert.match((await box.run('touch /a', { rootfs })).stderr, 'Read-only file system');
    }));
});

suite('runInSandbox: confinement', (test) => {
  test('no descriptor but 0, 1 and 2 reaches the command', () =>
    withBox(async (box) => {
      // 3 is the directory ls itself reads
      assert.is((await box.run(['ls', '/proc/self/fd'])).stdout, '0\n1\n2\n3\n');
    }));

  for (const cwd of ['/proc/self/fd/3', '/proc/self/cwd', '/proc/1/root'])
    test(`the working directory ${cwd} is refused`, () =>
      withBox(async (box) => {
        await setupFails(box.run('true', { cwd }), 'cwd');
      }));

  test('a working directory that is a link stays inside', () =>
    withBox(async (box) => {
      symlinkSync('/../../../../bin', join(box.image, 'w'));
      assert.is((await box.run('readlink /proc/self/cwd', { cwd: '/w' })).stdout, '/bin\n');
    }));

  test('a missing working directory is a set-up failure that names it', () =>
    withBox(async (box) => {
      const error = await setupFails(box.run('true', { cwd: '/nowhere' }), 'cwd');
      assert.is(error.path, '/nowhere');
      assert.is(error.errno, 2);
    }));

  for (const place of ['dev', 'proc', 'sys'])
    test(`an image with a link as /${place} is refused`, () =>
      withBox(async (box) => {
        symlinkSync('/bin', join(box.image, place));
        const error = await setupFails(box.run('true'), 'mount-point');
        assert.is(error.path, `/${place}`);
      }));

  test('root has exactly the eleven capabilities, none inheritable or ambient', () =>
    withBox(async (box) => {
      const { stdout } = await box.run('grep ^Cap /proc/self/status');
      const sets = Object.fromEntries(
        stdout
          .trim()
          .split('\n')
          .map((line) => line.split(/:\s+/)),
      );
      assert.equal(sets, {
        CapInh: '0000000000000000',
        CapPrm: FULL_CAPABILITIES,
        CapEff: FULL_CAPABILITIES,
        CapBnd: FULL_CAPABILITIES,
        CapAmb: '0000000000000000',
      });
    }));

  test('another user has the bounding set only, and exactly its groups', () =>
    withBox(async (box) => {
      const { stdout, result } = await box.run('id -u; id -g; id -G; grep -E "Cap(Prm|Eff|Bnd)" /proc/self/status', {
        user: { uid: 1000, gid: 1001, groups: [7, 8] },
      });
      assert.equal(result.warnings, []);
      if (idMode() === 'single') {
        // The capabilities themselves stay with the one id there is.
        assert.match(stdout, /^1000\n1001\n1001 7 8\n/);
        return;
      }
      assert.is(stdout, `1000\n1001\n1001 7 8\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t${FULL_CAPABILITIES}\n`);
    }));

  test('a user the namespace does not have is a set-up failure with a hint', () =>
    withBox(async (box) => {
      if (idMode() !== 'mapped') skip('needs a namespace with some ids but not all');
      const error = await setupFails(box.run('true', { user: { uid: 500000, gid: 0, groups: [] } }), 'user');
      assert.match(error.hint ?? '', '/etc/subuid');
    }));

  test('set-user-id programs work unless no_new_privs is asked for', () =>
    withBox(async (box) => {
      const wanted = idMode() === 'single' ? '1' : '0';
      assert.is((await box.run('grep NoNewPrivs /proc/self/status')).stdout, `NoNewPrivs:\t${wanted}\n`);
      assert.is((await box.run('grep NoNewPrivs /proc/self/status', { noNewPrivileges: true })).stdout, 'NoNewPrivs:\t1\n');
    }));

  test('the program of PID 1 cannot be opened', () =>
    withBox(async (box) => {
      const { stdout, result } = await box.run('cat /proc/1/exe > /dev/null || echo refused; readlink /proc/1/exe');
      assert.is(stdout, 'refused\n');
      assert.is(result.kind, 'exited');
    }));

  test('kernel files are masked or read-only', () =>
    withBox(async (box) => {
      const masked = 'for f in /proc/kcore /proc/keys /proc/timer_list; do [ ! -e $f ] || stat -c %t:%T $f; done | grep -vc "^1:3$"';
      const writes =
        'echo 1 > /proc/sys/kernel/pid_max || echo A; touch /sys/x || echo B; touch /proc/bus/x || echo C; touch /sys/firmware/x || echo D';
      assert.is((await box.run(`${masked}; ls /sys/firmware; ${writes}`)).stdout, '0\nA\nB\nC\nD\n');
    }));

  test('the filter lets sockets and user namespaces be, and mounts still need a capability', () =>
    withBox(async (box) => {
      const { stdout, stderr } = await box.run(
        'unshare -U true && echo fine; grep ^Seccomp: /proc/self/status; nc -w 1 127.0.0.1 1; mount -t tmpfs x /bin',
      );
      assert.is(stdout, 'fine\nSeccomp:\t2\n');
      assert.match(stderr, 'Connection refused');
      assert.match(stderr, 'permission denied');
    }));

  test('unconfined means no filter', () =>
    withBox(async (box) => {
      const filters = idMode() === 'single' ? '2' : '0'; // the one that fakes other ids stays
      assert.is((await box.run('grep ^Seccomp: /proc/self/status', { seccomp: 'unconfined' })).stdout, `Seccomp:\t${filters}\n`);
    }));

  test('with network none there is the loopback interface only, and it is up', () =>
    withBox(async (box) => {
      const { stdout } = await box.run('ls /sys/class/net; ifconfig lo | grep -c "UP LOOPBACK"', { network: 'none' });
      assert.is(stdout, 'lo\n1\n');
    }));

  test('host name, process ids and devices are the sandbox’s own', () =>
    withBox(async (box) => {
      const { stdout } = await box.run('hostname; echo $$; ls /dev; echo x > /dev/null; head -c 3 /dev/zero | wc -c 2>/dev/null || true');
      assert.match(stdout, 'box\n2\ncore\nfd\nfull\nmqueue\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\nstdout\ntty\nurandom\nzero\n');
    }));

  test('no part of the outer root is reachable', () =>
    withBox(async (box) => {
      const { stdout } = await box.run('stat -c %d:%i / /..; grep -c "^[^ ]* [^ ]* [^ ]* [^ ]* / " /proc/self/mountinfo');
      const [root, above, mounts] = stdout.trim().split('\n');
      assert.is(above, root);
      assert.is(mounts, '1');
    }));

  test('chown is seen by stat', () =>
    withBox(async (box) => {
      assert.is((await box.run('touch /a; chown 33:34 /a && stat -c %u:%g /a')).stdout, '33:34\n');
    }));
});

suite('runInSandbox: mounts', (test) => {
  test('a bind by descriptor is that very directory, read-only when asked', () =>
    withBox(async (box) => {
      const source = join(box.directory, 'source');
      mkdirSync(source);
      writeFileSync(join(source, 'f'), 'content\n');
      const fd = openSync(source, constants.O_RDONLY | constants.O_DIRECTORY);
      try {
        const { stdout, stderr } = await box.run('cat /mnt/src/f; touch /mnt/src/g', {
          mounts: [{ kind: 'bind', source: fd, target: '/mnt/src', readOnly: true }],
        });
        assert.is(stdout, 'content\n');
        assert.match(stderr, 'Read-only file system');
      } finally {
        closeSync(fd);
      }
      assert.equal(readdirSync(box.upper), []);
    }));

  test('a file can be bound, and written through when not read-only', () =>
    withBox(async (box) => {
      const file = join(box.directory, 'file');
      writeFileSync(file, 'old\n');
      await box.run('cat /a/b; echo new > /a/b', { mounts: [{ kind: 'bind', source: file, target: '/a/b' }] });
      assert.is(readFileSync(file, 'utf8'), 'new\n');
    }));

  test('a missing source is a set-up failure that names it', () =>
    withBox(async (box) => {
      const error = await setupFails(box.run('true', { mounts: [{ kind: 'bind', source: '/no/such', target: '/x' }] }), 'source');
      assert.is(error.path, '/no/such');
    }));

  test('mounts inside mounts: sorted by target, mount points made in the outer one', () =>
    withBox(async (box) => {
      const cache = join(box.directory, 'cache');
      mkdirSync(cache);
      const { stdout } = await box.run('ls /cache /cache/a; cat /cache/a/secret', {
        mounts: [
          { kind: 'tmpfs', target: '/cache/a' },
          { kind: 'bind', source: cache, target: '/cache' },
        ],
        files: [{ target: '/cache/a/secret', content: 'hush\n' }],
      });
      assert.is(stdout, '/cache:\na\n\n/cache/a:\nsecret\nhush\n');
      assert.equal(readdirSync(cache), ['a']);
      assert.equal(readdirSync(box.upper), []);
    }));

  test('a target that is a link upwards stays inside the root', () =>
    withBox(async (box) => {
      const outside = join(box.directory, 'outside');
      mkdirSync(outside);
      symlinkSync(`/../../../../../..${outside}`, join(box.image, 'escape'));
      await box.run('echo x > /escape/f', { mounts: [{ kind: 'tmpfs', target: '/escape' }] });
      assert.equal(readdirSync(outside), []);
      assert.equal(readdirSync(box.upper), []);
    }));

  for (const target of ['/proc', '/proc/self', '/'])
    test(`nothing can be mounted on ${target}`, () =>
      withBox(async (box) => {
        await rejects(box.run('true', { mounts: [{ kind: 'tmpfs', target }] }), { code: 'SANDBOX_SETUP' });
      }));

  test('nothing can be mounted on /proc through a link either', () =>
    withBox(async (box) => {
      symlinkSync('/proc', join(box.image, 'p'));
      await setupFails(box.run('true', { mounts: [{ kind: 'tmpfs', target: '/p/sys' }] }), 'mount-point');
    }));

  test('a directory is not mounted on a file', () =>
    withBox(async (box) => {
      writeFileSync(join(box.image, 'f'), '');
      const error = await setupFails(box.run('true', { mounts: [{ kind: 'tmpfs', target: '/f' }] }), 'mount-point');
      assert.match(error.message, 'ENOTDIR');
    }));

  test('a tmpfs has the size and mode asked for', () =>
    withBox(async (box) => {
      const { stdout, stderr } = await box.run('stat -c %a /t; dd if=/dev/zero of=/t/x bs=1024 count=100', {
        mounts: [{ kind: 'tmpfs', target: '/t', sizeBytes: 65536, modeBits: 0o700 }],
      });
      assert.is(stdout, '700\n');
      assert.match(stderr, 'No space left on device');
    }));

  test('a file holds any bytes, with mode and owner', () =>
    withBox(async (box) => {
      if (idMode() === 'single') needKernel('6.6'); // a tmpfs has attributes of users, in which owners are recorded, from then on
      const { stdout } = await box.run('stat -c "%a %u %s" /run/secrets/s; cat /run/secrets/s', {
        files: [{ target: '/run/secrets/s', content: Buffer.from([0x61, 0, 0x62]), mode: 0o400, uid: 12, readOnly: true }],
      });
      assert.is(stdout, '400 12 3\na\0b');
    }));

  test('four hundred lower directories', () =>
    withBox(async (box) => {
      const lowers = Array.from({ length: 400 }, (_, index) => join(box.directory, `lower-${index}`));
      for (const lower of lowers) mkdirSync(lower);
      const rootfs = {
        lowers: [...lowers, box.image],
        upper: box.upper,
        work: join(box.directory, 'work'),
        overlayXattrs: idMode() === 'root' ? ('trusted' as const) : ('user' as const),
      };
      assert.is((await box.run('echo ok', { rootfs })).stdout, 'ok\n');
    }));
});

suite('runInSandbox: cancellation', (test) => {
  test('an abort sends SIGTERM and rejects with its reason when all has ended', () =>
    withBox(async (box) => {
      const controller = new AbortController();
      const reason = new Error('stop');
      const running = box.run('trap "echo got; exit 0" TERM; echo up; sleep 732 & wait', {}, { signal: controller.signal });
      setTimeout(() => controller.abort(reason), 300);
      assert.is(await rejects(running, { message: /^stop$/ }), reason);
      assert.equal(processesWith('sleep 732'), []);
    }));

  test('what ignores SIGTERM is killed after the grace time', () =>
    withBox(async (box) => {
      const controller = new AbortController();
      const running = box.run('trap "" TERM; sleep 733; sleep 733', {}, { signal: controller.signal, graceMs: 200 });
      setTimeout(() => controller.abort(), 200);
      const started = Date.now();
      await rejects(running, {});
      assert.ok(Date.now() - started < 5000);
      assert.equal(processesWith('sleep 733'), []);
    }));

  test('an aborted signal starts nothing', () =>
    withBox(async (box) => {
      await rejects(box.run('touch /a', {}, { signal: AbortSignal.abort() }), {});
      assert.equal(readdirSync(box.upper), []);
    }));

  test('when the build process is killed everything inside dies', () =>
    withTempDir(async (directory) => {
      const sleeper = join(import.meta.dirname, 'sandbox-sleeper.js');
      const child = spawn(process.execPath, [sleeper, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
      try {
        await once(child.stdout, 'data');
        await until(() => processesWith('sleep 734').length > 0);
      } finally {
        child.kill('SIGKILL');
      }
      await once(child, 'exit');
      await until(() => processesWith('sleep 734').length === 0);
    }));

  test('many at a time', () =>
    withBox(async (box) => {
      const runs = Array.from({ length: 8 }, (_, index) => {
        const upper = join(box.directory, `upper-${index}`);
        const work = join(box.directory, `work-${index}`);
        mkdirSync(upper);
        mkdirSync(work);
        const overlayXattrs = idMode() === 'root' ? ('trusted' as const) : ('user' as const);
        return box.run(`echo ${index} > /mine; cat /mine`, { rootfs: { lowers: [box.image], upper, work, overlayXattrs } });
      });
      const outputs = (await Promise.all(runs)).map(({ stdout }) => stdout);
      assert.equal(
        outputs,
        runs.map((_, index) => `${index}\n`),
      );
      assert.ok(existsSync(join(box.directory, 'upper-3/mine')));
    }));
});
