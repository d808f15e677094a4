import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import * as assert from 'uvu/assert';
import { nativeFile } from '../../src/sys/index.js';
import { makeBusyboxRoot } from '../support/busybox-root.js';
import { idMode } from '../support/inside-namespaces.js';
import { needKernel } from '../support/kernel.js';
import { addProbe } from '../support/sandbox.js';
import { skip, suite } from '../support/suite.js';
import { withTempDir } from '../support/temp-dir.js';

/** The launcher as a program, spoken to by its protocol alone (docs/launcher.md). */
async function launch(
  plan: string,
  { program = nativeFile('tsbuild-launch'), args = [] as string[], fds = [] as number[] } = {},
): Promise<{ events: Record<string, unknown>[]; code: number | null; stdout: string }> {
  const child = spawn(program, [...args, 'sandbox', '3', '4'], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe', 'pipe', ...fds],
    env: {},
  });
  const [, stdout, , input, status] = child.stdio as unknown as [null, Readable, null, Writable, Readable];
  input.on('error', () => {}); // it may end before it has read everything
  input.end(plan);
  const [text, output, [code]] = await Promise.all([buffer(status), buffer(stdout), once(child, 'exit')]);
  const events = text.toString().split('\n').filter(Boolean);
  return {
    events: events.map((line) => JSON.parse(line) as Record<string, unknown>),
    code: code as number | null,
    stdout: output.toString(),
  };
}

function machine(): string {
  return process.arch === 'arm64' ? 'aarch64' : 'x86_64';
}

function encode(entries: readonly (readonly [string, string])[]): string {
  return entries.map(([name, value]) => `${name}\0${value}\0`).join('');
}

function basicPlan(directory: string, changes: readonly (readonly [string, string])[] = []): [string, string][] {
  const image = makeBusyboxRoot(join(directory, 'image'), ['sh', 'true', 'cat', 'touch', 'ls']);
  for (const name of ['upper', 'work', 'empty']) mkdirSync(join(directory, name));
  return [
    ['version', '1'],
    ['overlay-xattrs', idMode() === 'root' ? 'trusted' : 'user'],
    ['lower', join(directory, 'empty')],
    ['lower', image],
    ['upper', join(directory, 'upper')],
    ['work', join(directory, 'work')],
    ['argument', '/bin/sh'],
    ['argument', '-c'],
    ['argument', 'touch /made && exit 3'],
    ['cwd', '/'],
    ['single-id', idMode() === 'single' ? '1' : '0'],
    ...changes.map(([name, value]): [string, string] => [name, value]),
  ];
}

suite('tsbuild-launch sandbox', (test) => {
  for (const [by, since] of [
    ['auto', '0'],
    ['fd', '6.13'],
    ['path', '6.7'],
    ['mount', '0'],
  ] as const)
    test(`overlay-interface ${by}: the command runs and writes to the upper directory`, () =>
      withTempDir(async (directory) => {
        needKernel(since);
        const { events, code } = await launch(encode(basicPlan(directory, [['overlay-interface', by]])));
        assert.equal(events, [{ event: 'exited', code: 3 }]);
        assert.is(code, 3);
        assert.equal(readdirSync(join(directory, 'upper')), ['made']);
      }));

  const faults: readonly (readonly [title: string, plan: string, path: string, detail: RegExp])[] = [
    ['an empty plan', '', 'argument', /no command/],
    ['a plan cut short', 'version\x001\x00cwd\x00/', '', /cut short/],
    ['a newer version', 'version\x002\x00', 'version', /^$/],
    ['an unknown name', 'surprise\x001\x00', 'surprise', /^$/],
    ['a number that is none', 'uid\x00root\x00', 'uid', /^$/],
    ['a negative number', 'uid\x00-1\x00', 'uid', /^$/],
    ['the id that means no change', 'uid\x004294967295\x00', 'uid', /^$/],
    ['a flag that is none', 'single-id\x00yes\x00', 'single-id', /^$/],
    ['a mount entry without a mount', 'mount-target\x00/x\x00', 'mount-target', /^$/],
    ['a working directory that is relative', 'argument\x00x\x00cwd\x00tmp\x00', 'cwd', /absolute/],
    ['no root file system', 'argument\x00x\x00cwd\x00/\x00', 'directory', /exactly one kind/],
    ['two root file systems', 'argument\x00x\x00cwd\x00/\x00directory\x00/\x00lower\x00/\x00', 'directory', /exactly one kind/],
    ['content that is not hexadecimal', 'mount\x00file\x00mount-content\x00abc\x00', 'mount-content', /^$/],
  ];
  for (const [title, plan, path, detail] of faults)
    test(`${title} is refused`, async () => {
      const { events, code } = await launch(plan);
      assert.is(code, 125);
      assert.is(events.length, 1);
      const [failure] = events;
      assert.is(failure?.event, 'failed');
      assert.is(failure?.stage, 'plan');
      assert.is(failure?.path, path);
      assert.match(String(failure?.detail), detail);
    });

  for (const [title, entry] of [
    ["the machine's", 'kernel/core_pattern=core'],
    ['of a network that is not its own', 'net/ipv4/ip_default_ttl=77'],
    ['by a way around', 'fs/mqueue/../../kernel/core_pattern=core'],
    ['without a value', 'kernel/sem'],
  ] as const)
    test(`a sysctl ${title} is refused`, () =>
      withTempDir(async (directory) => {
        const { events, code } = await launch(encode(basicPlan(directory, [['sysctl', entry]])));
        assert.is(code, 125);
        assert.equal([events[0]?.event, events[0]?.stage, events[0]?.path], ['failed', 'sysctl', entry]);
      }));

  test('with one id and a listener of somebody else, calls succeed and do nothing, and it is said', () =>
    withTempDir(async (directory) => {
      if (idMode() !== 'single') skip('there are several ids');
      const changes = [
        ['notify-filter-fd', '5'],
        ['fallback-filter-fd', '6'],
        ['environment', 'PATH=/bin'],
        ['capability', '0'],
      ] as const;
      const command = 'touch /f; chown 5:5 /f && stat -c %u:%g /f';
      const plan = basicPlan(directory, changes).map(([name, value]) => [name, value.startsWith('touch') ? command : value] as const);
      for (const tool of ['chown', 'stat']) symlinkSync('busybox', join(directory, 'image/bin', tool));
      await addProbe({ image: join(directory, 'image') });
      const fds = ['notify', 'fake-ids'].map((name) => openSync(nativeFile(`${name}-${machine()}.bpf`), 'r'));
      try {
        const supervised = await launch(encode(plan), { fds });
        assert.is(supervised.stdout, '5:5\n');
        assert.equal(supervised.events, [{ event: 'exited', code: 0 }]);
        const args = ['listen', 'exec', nativeFile('tsbuild-launch')];
        const alone = await launch(encode(plan), { program: join(directory, 'image/bin/probe'), args, fds });
        assert.equal(alone.events, [
          { event: 'warning', about: 'fake-ids' },
          { event: 'exited', code: 0 },
        ]);
        // The owner recorded before is not seen either.
        assert.is(alone.stdout, '0:0\n');
      } finally {
        for (const fd of fds) closeSync(fd);
      }
    }));

  test('a parent that has gone ends it before anything is done', () =>
    withTempDir(async (directory) => {
      const { events, code } = await launch(encode(basicPlan(directory, [['parent', '1']])));
      assert.is(code, 125);
      assert.is(events[0]?.stage, 'parent');
    }));

  test('a missing lower directory is named', () =>
    withTempDir(async (directory) => {
      const { events } = await launch(encode(basicPlan(directory, [['lower', '/no/such/layer']])));
      assert.equal(events, [{ event: 'failed', stage: 'root', errno: 2, path: '/no/such/layer', detail: '' }]);
    }));

  test('an overlay the kernel refuses comes with the kernel’s reason', () =>
    withTempDir(async (directory) => {
      needKernel('6.7'); // before, mount(2) has no room for an explanation
      const tooMany = Array.from({ length: 520 }, (): [string, string] => ['lower', join(directory, 'empty')]);
      const { events } = await launch(encode(basicPlan(directory, tooMany)));
      assert.is(events[0]?.stage, 'overlay');
      assert.is(events[0]?.path, join(directory, 'upper'));
      assert.match(String(events[0]?.detail), /overlay: too many lower directories/);
    }));

  test('a path is quoted in the status, whatever is in it', async () => {
    const path = '/a"b\\c\nd/é';
    const { events } = await launch(
      encode([
        ['argument', 'x'],
        ['cwd', '/'],
        ['directory', path],
      ]),
    );
    assert.is(events[0]?.path, path);
  });

  test('wrong arguments are answered with the usage', async () => {
    const child = spawn(nativeFile('tsbuild-launch'), ['sandbox', '1', 'x'], { stdio: ['ignore', 'ignore', 'pipe'] });
    assert.match((await buffer(child.stderr)).toString(), 'usage: tsbuild-launch');
  });
});
