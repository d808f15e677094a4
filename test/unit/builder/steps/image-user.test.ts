import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { lookUpOwner, lookUpUser } from '../../../../src/builder/steps/image-user.js';
import { rejects } from '../../../support/rejects.js';
import { skip, suite } from '../../../support/suite.js';
import { withTempDir } from '../../../support/temp-dir.js';

const PASSWD = `root:x:0:0:root:/root:/bin/sh
# web:x:1:1::/:/bin/sh
web:x:33:44:Web:/var/www:/bin/false

bad:x:abc:1::/:/bin/sh
big:x:4294967294:4294967294::/:/bin/sh
toobig:x:4294967295:1::/:/bin/sh
42:x:1042:1043::/home/42:/bin/sh
nohome:x:50:51:::
short:x:60:61
`;
const GROUP = `root:x:0:
www:x:44:
logs:x:70:root,web
extra:x:71:web
77:x:1077:
broken:x:x:web
`;

interface Image {
  readonly directory: string;
  readonly root: number;
}

async function withImage(files: { passwd?: string; group?: string }, body: (image: Image) => Promise<void> | void): Promise<void> {
  await withTempDir(async (directory) => {
    mkdirSync(join(directory, 'root/etc'), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, 'root/etc', name), text);
    const root = openSync(join(directory, 'root'), 'r');
    try {
      await body({ directory, root });
    } finally {
      closeSync(root);
    }
  });
}

const BOTH = { passwd: PASSWD, group: GROUP };

suite('builder/steps/image-user', (test) => {
  for (const [user, expected] of [
    ['', { uid: 0, gid: 0, groups: [70], home: '/root' }],
    ['root', { uid: 0, gid: 0, groups: [70], home: '/root' }],
    ['web', { uid: 33, gid: 44, groups: [70, 71], home: '/var/www' }],
    ['33', { uid: 33, gid: 44, groups: [70, 71], home: '/var/www' }],
    // With a group only that group applies.
    ['web:www', { uid: 33, gid: 44, groups: [], home: '/var/www' }],
    ['web:5', { uid: 33, gid: 5, groups: [], home: '/var/www' }],
    ['web:', { uid: 33, gid: 44, groups: [70, 71], home: '/var/www' }],
    ['1234', { uid: 1234, gid: 0, groups: [], home: '/' }],
    ['1234:5678', { uid: 1234, gid: 5678, groups: [], home: '/' }],
    [':www', { uid: 0, gid: 44, groups: [], home: '/root' }],
    // A name that looks like a number is a name first.
    ['42', { uid: 1042, gid: 1043, groups: [], home: '/home/42' }],
    ['web:77', { uid: 33, gid: 1077, groups: [], home: '/var/www' }],
    ['big', { uid: 4294967294, gid: 4294967294, groups: [], home: '/' }],
    ['nohome', { uid: 50, gid: 51, groups: [], home: '/' }],
    ['short', { uid: 60, gid: 61, groups: [], home: '/' }],
  ] as const) {
    test(`lookUpUser() ${JSON.stringify(user)}`, () => withImage(BOTH, ({ root }) => assert.equal(lookUpUser(root, user), expected)));
  }

  for (const [user, message] of [
    ['nobody', 'unable to find user nobody: no matching entries in passwd file'],
    ['bad', 'unable to find user bad: no matching entries in passwd file'],
    ['toobig', 'unable to find user toobig: no matching entries in passwd file'],
    ['4294967295', 'unable to find user 4294967295: no matching entries in passwd file'],
    ['-1', 'unable to find user -1: no matching entries in passwd file'],
    ['web:nogroup', 'unable to find group nogroup: no matching entries in group file'],
    ['web:broken', 'unable to find group broken: no matching entries in group file'],
  ] as const) {
    test(`lookUpUser() refuses ${user}`, () =>
      withImage(BOTH, async ({ root }) => {
        const error = await rejects(() => lookUpUser(root, user), { code: 'SOURCE_NOT_FOUND' });
        assert.is(error.message, message);
        assert.match((error as { hint?: string }).hint ?? '', /image's \/etc\/(passwd|group)/);
      }));
  }

  for (const [owner, expected] of [
    ['web', { uid: 33, gid: 44 }],
    ['web:logs', { uid: 33, gid: 70 }],
    ['5', { uid: 5, gid: 5 }],
    ['33', { uid: 33, gid: 33 }],
    ['5:6', { uid: 5, gid: 6 }],
    [':6', { uid: 0, gid: 6 }],
    // Numbers, although a user is called 42 and a group 77.
    ['42', { uid: 42, gid: 42 }],
    ['web:77', { uid: 33, gid: 77 }],
    ['42:77', { uid: 42, gid: 77 }],
  ] as const) {
    test(`lookUpOwner() ${owner}`, () => withImage(BOTH, ({ root }) => assert.equal(lookUpOwner(root, owner), expected)));
  }

  test('lookUpUser() in an image without the files knows numbers and root', () =>
    withImage({}, async ({ root }) => {
      assert.equal(lookUpUser(root, ''), { uid: 0, gid: 0, groups: [], home: '/root' });
      assert.equal(lookUpUser(root, '7'), { uid: 7, gid: 0, groups: [], home: '/' });
      await rejects(() => lookUpUser(root, 'root'), { code: 'SOURCE_NOT_FOUND' });
    }));

  test('lookUpUser() follows a link inside the image, and none out of it', () =>
    withImage({}, async ({ directory, root }) => {
      const passwd = join(directory, 'root/etc/passwd');
      writeFileSync(join(directory, 'passwd'), 'spy:x:666:666::/:');
      mkdirSync(join(directory, 'root/usr'));
      writeFileSync(join(directory, 'root/usr/passwd'), 'inside:x:7:8::/:');
      symlinkSync('/usr/passwd', passwd);
      assert.is(lookUpUser(root, 'inside').uid, 7);
      for (const target of ['../../passwd', join(directory, 'passwd'), '/proc/self/cwd/passwd', 'passwd']) {
        rmSync(passwd);
        symlinkSync(target, passwd);
        await rejects(() => lookUpUser(root, 'spy'), { code: 'SOURCE_NOT_FOUND' });
      }
    }));

  test('lookUpUser() reads no fifo, directory or file of more than 10 MiB (CVE-2024-9676)', () =>
    withImage({}, async ({ directory, root }) => {
      const passwd = join(directory, 'root/etc/passwd');
      execFileSync('mkfifo', [passwd]);
      await rejects(() => lookUpUser(root, 'web'), { code: 'SOURCE_NOT_FOUND' });
      rmSync(passwd);
      mkdirSync(passwd);
      await rejects(() => lookUpUser(root, 'web'), { code: 'SOURCE_NOT_FOUND' });
      rmSync(passwd, { recursive: true });
      writeFileSync(passwd, `web:x:1:1::/:\n${' '.repeat(10 * 2 ** 20)}`);
      await rejects(() => lookUpUser(root, 'web'), { code: 'SOURCE_NOT_FOUND' });
      writeFileSync(passwd, `web:x:1:1::/:\n${' '.repeat(10 * 2 ** 20 - 14)}`);
      assert.is(lookUpUser(root, 'web').uid, 1);
    }));

  test('lookUpUser() opens no device', () =>
    withImage({}, async ({ directory, root }) => {
      const passwd = join(directory, 'root/etc/passwd');
      try {
        execFileSync('mknod', [passwd, 'c', '1', '5'], { stdio: 'pipe' });
      } catch {
        skip('only root can make devices');
      }
      chmodSync(passwd, 0o666);
      await rejects(() => lookUpUser(root, 'web'), { code: 'SOURCE_NOT_FOUND' });
    }));
});
