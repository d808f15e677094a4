import { chmodSync, constants, copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { AT_FDCWD, closeFd, getXattr, O_PATH, openat2 } from '../../src/sys/index.js';
import { idMode } from '../support/inside-namespaces.js';
import { needKernel } from '../support/kernel.js';
import { addProbe, type TestBox, withBox } from '../support/sandbox.js';
import { skip, suite } from '../support/suite.js';

const BUSYBOX_TOOLS = ['chmod', 'cp', 'mkfifo', 'su', 'tar'];

/** A sandbox with the probe in it as /bin/probe, for those who have one id only. */
async function withProbe(body: (box: TestBox) => Promise<void>): Promise<void> {
  if (idMode() !== 'single') skip('there are several ids');
  await withBox(async (box) => {
    await addProbe(box);
    for (const tool of BUSYBOX_TOOLS) symlinkSync('busybox', join(box.image, 'bin', tool));
    mkdirSync(join(box.image, 'etc'));
    await body(box);
  });
}

/** What is recorded of a file on disk; undefined: nothing. */
function recordOf(path: string): string | undefined {
  const fd = openat2(AT_FDCWD, path, { flags: O_PATH | constants.O_NOFOLLOW, resolve: 0 });
  try {
    return getXattr(fd, 'user.containers.override_stat')?.toString();
  } finally {
    closeFd(fd);
  }
}

suite('single id: files', (test) => {
  test('owners are recorded, seen again, and taken back; modes are the file’s own', () =>
    withProbe(async (box) => {
      const { stdout } = await box.run(
        'touch /a /b; chown 33:34 /a; chown 5 /b; chown :6 /b; chmod 4751 /a; stat -c "%u:%g %a" /a /b; chown 0:0 /b; stat -c %u:%g /b',
      );
      assert.is(stdout, '33:34 4751\n5:6 644\n0:0\n');
      assert.match(recordOf(join(box.upper, 'a')) ?? '', /^33:34:/);
      assert.is(statSync(join(box.upper, 'a')).mode & 0o7777, 0o4751);
      assert.is(recordOf(join(box.upper, 'b')), undefined);
    }));

  test('a change of owner takes set-id bits away, as the kernel does', () =>
    withProbe(async (box) => {
      const { stdout } = await box.run(['probe', 'create', '/a', 'chmod', '/a', '6755', 'chown', '/a', '5', '5', 'show', '/a']);
      assert.match(stdout, '/a 100755 5:5 0,0\n');
    }));

  test('chown -R over a tree of the image copies it up, links by themselves', () =>
    withProbe(async (box) => {
      mkdirSync(join(box.image, 'tree/d'), { recursive: true });
      writeFileSync(join(box.image, 'tree/d/f'), 'content');
      writeFileSync(join(box.image, 'aim'), '');
      symlinkSync('../aim', join(box.image, 'tree/link'));
      const { stdout } = await box.run(
        'chown -R 12:13 /tree; stat -c "%n %u:%g" /tree /tree/d /tree/d/f /aim; chown 7 /tree/link; stat -c %u /aim',
      );
      assert.is(stdout, '/tree 12:13\n/tree/d 12:13\n/tree/d/f 12:13\n/aim 0:0\n7\n');
      assert.is(readFileSync(join(box.upper, 'tree/d/f'), 'utf8'), 'content');
    }));

  test('devices are empty files that stat shows as devices; fifos and 0/0 are the kernel’s', () =>
    withProbe(async (box) => {
      const { stdout } = await box.run('umask 027; mknod /null c 1 3; mkfifo /p; probe mknod /sda show /sda show /null; stat -c %F /p');
      assert.is(stdout, 'mknod ok\n/sda 60640 0:0 8,300\n/null 20640 0:0 1,3\nfifo\n');
      assert.match(recordOf(join(box.upper, 'sda')) ?? '', /^0:0:0640:block-8-300$/);
      assert.is(statSync(join(box.upper, 'null')).size, 0);
      assert.ok(statSync(join(box.upper, 'null')).isFile());
    }));

  test('what another user makes is that user’s, with its umask', () =>
    withProbe(async (box) => {
      const words = ['umask', '027', 'setgid', '8', 'setuid', '7', 'create', '/w/a', 'mkdir', '/w/d', 'show', '/w/a', 'show', '/w/d'];
      const { stdout } = await box.run(`mkdir /w; probe ${words.join(' ')}; stat -c %s /w/a`);
      assert.is(stdout, 'setgid ok\nsetuid ok\ncreate ok\nwrite ok\nmkdir ok\n/w/a 100640 7:8 0,0\n/w/d 40750 7:8 0,0\n1\n');
    }));

  test('what another user makes without a name is that user’s', () =>
    withProbe(async (box) => {
      needKernel('6.10'); // overlays have O_TMPFILE from then on
      const { stdout } = await box.run('mkdir /w; probe umask 027 setgid 8 setuid 7 unnamed /w/u show /w/u');
      assert.is(stdout, 'setgid ok\nsetuid ok\nunnamed ok\n/w/u 100600 7:8 0,0\n');
    }));

  test('the group of a set-group-id directory is inherited, by root too', () =>
    withProbe(async (box) => {
      const { stdout } = await box.run('mkdir /s; chown :50 /s; chmod 2775 /s; touch /s/f; mkdir /s/d; stat -c "%u:%g %a" /s/f /s/d');
      assert.is(stdout, '0:50 644\n0:50 2755\n');
    }));

  test('errors are the kernel’s', () =>
    withProbe(async (box) => {
      const source = join(box.directory, 'source');
      mkdirSync(source);
      writeFileSync(join(source, 'f'), '');
      const words = ['chown', '/none', '1', '1', 'badchown', 'longchown', 'chown', '/ro/f', '1', '1', 'chown', '/bin/probe/x', '1', '1'];
      const { stdout } = await box.run(['probe', ...words], { mounts: [{ kind: 'bind', target: '/ro', source, readOnly: true }] });
      assert.is(stdout, 'chown ENOENT\nbadchown EFAULT\nlongchown ENAMETOOLONG\nchown EROFS\nchown ENOTDIR\n');
    }));

  test('without CAP_CHOWN nobody can give files away', () =>
    withProbe(async (box) => {
      const { stdout } = await box.run(['probe', 'create', '/a', 'chown', '/a', '5', '5', 'show', '/a'], { capabilities: ['CAP_SETUID'] });
      assert.match(stdout, 'chown EPERM\n/a 100644 0:0');
    }));

  test('a copy with all attributes and an archive keep owners', () =>
    withProbe(async (box) => {
      const { stdout } = await box.run(
        'mkdir /d /x; touch /d/f; chown -R 3:4 /d; tar cf /t -C / d; tar xf /t -C /x; cp -a /d /y; stat -c %u:%g /x/d/f /y/f',
      );
      assert.is(stdout, '3:4\n3:4\n');
    }));
});

suite('single id: identities', (test) => {
  const cases: readonly (readonly [title: string, words: readonly string[], expected: string])[] = [
    ['a user cannot come back', ['setuid', '5', 'ids', 'setuid', '0'], 'setuid ok\n5 5 5 / 0 0 0 /\nsetuid EPERM\n'],
    [
      'seteuid there and back',
      ['seteuid', '5', 'ids', 'setgid', '3', 'seteuid', '0', 'setgid', '3', 'ids'],
      'seteuid ok\n0 5 0 / 0 0 0 /\nsetgid EPERM\nseteuid ok\nsetgid ok\n0 0 0 / 3 3 3 /\n',
    ],
    ['setresuid leaves what is -1', ['setresuid', '1', '-1', '2', 'ids'], 'setresuid ok\n1 0 2 / 0 0 0 /\n'],
    [
      'groups',
      ['setgroups', '30', '20', 'ids', 'setuid', '1', 'setgroups', '1', '2'],
      'setgroups ok\n0 0 0 / 0 0 0 / 20 30\nsetuid ok\nsetgroups EPERM\n',
    ],
    [
      'setfsuid answers the one before',
      ['fsuid', '4', 'fsuid', '-1', 'create', '/f', 'show', '/f'],
      'fsuid 0\nfsuid 4\ncreate ok\nwrite ok\n/f 100644 4:0 0,0\n',
    ],
    [
      'another user gives nothing away',
      ['setuid', '5', 'create', '/f', 'chown', '/f', '6', '-1', 'chown', '/f', '-1', '0'],
      'setuid ok\ncreate ok\nwrite ok\nchown EPERM\nchown ok\n',
    ],
    ['a child asks after its parent changed', ['late-child', 'ids'], '0 0 0 / 0 0 0 /\n9 9 9 / 0 0 0 /\n'],
    ['an orphan stays who it was', ['setuid', '6', 'orphan'], 'setuid ok\n6 6 6 / 0 0 0 /\n'],
  ];
  for (const [title, words, expected] of cases)
    test(title, () => withProbe(async (box) => assert.is((await box.run(['probe', ...words])).stdout, expected)));

  test('set-user-id programs work, scripts and no_new_privs do not', () =>
    withProbe(async (box) => {
      for (const name of ['root', 'both']) copyFileSync(join(box.image, 'bin/probe'), join(box.image, 'bin', name));
      writeFileSync(join(box.image, 'bin/script'), '#!/bin/probe ids\n');
      const prepare = 'chown 4:5 /bin/both; chmod 6755 /bin/both; chmod 4755 /bin/root /bin/script;';
      const run = (program: string) => `probe setuid 7 exec ${program} ids`;
      const all = `${prepare} ${run('/bin/root')}; ${run('/bin/both')}; probe setuid 7 exec /bin/script`;
      const { stdout } = await box.run(all);
      assert.is(stdout, 'setuid ok\n7 0 0 / 0 0 0 /\nsetuid ok\n7 4 4 / 0 5 5 /\nsetuid ok\n7 7 7 / 0 0 0 /\n');
      const { stdout: without } = await box.run(`${run('/bin/root')}`, { noNewPrivileges: true });
      assert.is(without, 'setuid ok\n7 7 7 / 0 0 0 /\n');
    }));

  test('su becomes the user, whose files are its own', () =>
    withProbe(async (box) => {
      writeFileSync(join(box.image, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\nme:x:1000:1001::/home/me:/bin/sh\n');
      const { stdout } = await box.run(
        'mkdir -p /home/me; chown 1000:1001 /home/me; su me -c "id -u; id -g; echo x > ~/f"; stat -c %u:%g /home/me/f',
      );
      assert.is(stdout, '1000\n1001\n1000:1001\n');
    }));

  test('a command that starts as another user', () =>
    withProbe(async (box) => {
      needKernel('6.6'); // a tmpfs has attributes of users, in which owners are recorded, from then on
      const { stdout } = await box.run(['probe', 'ids', 'create', '/tmp/f', 'show', '/tmp/f'], {
        user: { uid: 1000, gid: 1001, groups: [7, 8] },
        mounts: [{ kind: 'tmpfs', target: '/tmp', uid: 1000, gid: 1001 }],
      });
      assert.is(stdout, '1000 1000 1000 / 1001 1001 1001 / 7 8\ncreate ok\nwrite ok\n/tmp/f 100644 1000:1001 0,0\n');
    }));
});

suite('single id: the hostile', (test) => {
  test('no path leads the supervisor out: names and bytes that change, absolute and magic links', () =>
    withProbe(async (box) => {
      const outside = join(box.directory, 'outside');
      mkdirSync(outside);
      const canary = join(outside, 'file');
      writeFileSync(canary, 'untouched');
      chmodSync(canary, 0o4755);
      mkdirSync(join(box.image, 'race/in'), { recursive: true });
      mkdirSync(join(box.image, 'race/name'));
      writeFileSync(join(box.image, 'race/name/file'), '');
      symlinkSync(outside, join(box.image, 'race/link'));
      const { stdout } = await box.run([
        'probe',
        'race',
        canary,
        'follow',
        '/race/link/file',
        'follow',
        `/proc/1/root${canary}`,
        'follow',
        `/proc/self/root/../..${canary}`,
      ]);
      assert.match(stdout, /^raced\n/m);
      assert.not.match(stdout, /follow ok/);
      assert.is(recordOf(canary), undefined);
      // A change of owner would have taken the bit.
      assert.is(statSync(canary).mode & 0o7777, 0o4755);
      assert.equal(readdirSync(outside), ['file']);
      assert.is(readFileSync(canary, 'utf8'), 'untouched');
    }));

  test('processes killed in their calls: no answer goes to whoever has the number next', () =>
    withProbe(async (box) => {
      mkdirSync(join(box.image, 'churn'));
      assert.is((await box.run(['probe', 'churn'])).stdout, 'churned\n');
      const names = readdirSync(join(box.upper, 'churn'));
      assert.is(names.length, 400);
      const wrong = names.filter((name) => {
        const record = recordOf(join(box.upper, 'churn', name));
        return record !== undefined && !record.startsWith(`${name}:${name}:`);
      });
      assert.equal(wrong, []);
      assert.ok(names.some((name) => recordOf(join(box.upper, 'churn', name)) !== undefined));
    }));

  test('signals do not make a call happen twice', () =>
    withProbe(async (box) => {
      mkdirSync(join(box.image, 'storm'));
      assert.is((await box.run(['probe', 'setuid', '5', 'storm'])).stdout, 'setuid ok\nstorm 0\n');
    }));

  test('a root inside the root is the one that counts', () =>
    withProbe(async (box) => {
      mkdirSync(join(box.image, 'jail/bin'), { recursive: true });
      copyFileSync(join(box.image, 'bin/probe'), join(box.image, 'jail/bin/probe'));
      symlinkSync('/secret', join(box.image, 'jail/link'));
      writeFileSync(join(box.image, 'secret'), '');
      writeFileSync(join(box.image, 'jail/secret'), '');
      symlinkSync('busybox', join(box.image, 'bin/chroot'));
      await box.run('chroot /jail /bin/probe follow /link follow /../../secret');
      const { stdout } = await box.run('stat -c %u /jail/secret /secret');
      assert.is(stdout, '5\n0\n');
    }));
});
