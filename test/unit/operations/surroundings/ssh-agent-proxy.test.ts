import { existsSync, readdirSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { openSshAgentProxy } from '../../../../src/operations/surroundings/ssh-agent-proxy.js';
import { suite } from '../../../support/suite.js';
import { withTempDir } from '../../../support/temp-dir.js';

function message(type: number, body = ''): Buffer {
  const content = Buffer.concat([Buffer.from([type]), Buffer.from(body)]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, content]);
}

/** An agent that answers each request with its own bytes, type 99, and notes what it was asked. */
async function withAgent(body: (path: string, asked: number[], directory: string) => Promise<void>): Promise<void> {
  await withTempDir(async (directory) => {
    const asked: number[] = [];
    const path = join(directory, 'upstream');
    const server: Server = createServer((socket) => {
      socket.on('error', () => {});
      let pending = Buffer.alloc(0);
      socket.on('data', (chunk: Buffer) => {
        pending = Buffer.concat([pending, chunk]);
        while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32BE(0)) {
          const length = pending.readUInt32BE(0);
          asked.push(pending[4]!);
          socket.write(message(99, `answer to ${pending[4]}`));
          pending = pending.subarray(4 + length);
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    try {
      await body(path, asked, directory);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
}

/** Sends bytes and gives what came back, once it has `length` bytes or the other side has closed. */
function exchange(fd: number, bytes: readonly Buffer[], length: number): Promise<Buffer> {
  return new Promise((resolve) => {
    const socket = createConnection(`/proc/self/fd/${fd}`);
    let got = Buffer.alloc(0);
    const done = (): void => {
      socket.destroy();
      resolve(got);
    };
    socket.on('data', (chunk: Buffer) => {
      got = Buffer.concat([got, chunk]);
      if (got.length >= length) done();
    });
    // A connection that is cut off with bytes unread ends in an error: that too is an end.
    socket.on('error', done);
    socket.on('close', done);
    for (const part of bytes) socket.write(part);
  });
}

const FAILURE = message(5);

suite('openSshAgentProxy()', (test) => {
  test('passes on what lists keys and what signs, and answers all else with a failure, in order', () =>
    withAgent(async (path, asked, directory) => {
      const proxy = await openSshAgentProxy(path, join(directory, 'run'));
      // list, add identity, sign, remove all, lock, extension
      const requests = [message(11), message(17, 'key'), message(13, 'data'), message(19), message(22), message(27, 'x')];
      const expected = Buffer.concat([message(99, 'answer to 11'), FAILURE, message(99, 'answer to 13'), FAILURE, FAILURE, FAILURE]);
      assert.equal(await exchange(proxy.socket, requests, expected.length), expected);
      assert.equal(asked, [11, 13]);
      await proxy.close();
    }));

  test('takes messages in pieces', () =>
    withAgent(async (path, asked, directory) => {
      const proxy = await openSshAgentProxy(path, join(directory, 'run'));
      const request = message(13, 'data');
      const expected = message(99, 'answer to 13');
      assert.equal(
        await exchange(proxy.socket, [request.subarray(0, 2), request.subarray(2, 6), request.subarray(6)], expected.length),
        expected,
      );
      assert.equal(asked, [13]);
      await proxy.close();
    }));

  for (const [what, bytes] of [
    ['announces no content', Buffer.from([0, 0, 0, 0])],
    ['announces more than an agent takes', Buffer.from([0xff, 0xff, 0xff, 0xff, 11])],
  ] as const) {
    test(`closes the connection of a client that ${what}`, () =>
      withAgent(async (path, asked, directory) => {
        const proxy = await openSshAgentProxy(path, join(directory, 'run'));
        assert.is((await exchange(proxy.socket, [bytes], 1)).length, 0);
        assert.equal(asked, []);
        await proxy.close();
      }));
  }

  test('an agent that is gone ends the connection, not the build', () =>
    withTempDir(async (directory) => {
      const proxy = await openSshAgentProxy(join(directory, 'nobody'), join(directory, 'run'));
      assert.is((await exchange(proxy.socket, [message(11)], 1)).length, 0);
      await proxy.close();
    }));

  test('close() leaves nothing in the run root, and ends open connections', () =>
    withAgent(async (path, _asked, directory) => {
      const run = join(directory, 'run');
      const proxy = await openSshAgentProxy(path, run);
      const socket = createConnection(`/proc/self/fd/${proxy.socket}`);
      await new Promise((resolve) => socket.once('connect', resolve));
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.resume();
      await proxy.close();
      await closed;
      assert.ok(existsSync(run));
      assert.equal(readdirSync(run), []);
    }));

  test('works in a run root whose path is longer than a socket address', () =>
    withAgent(async (path, _asked, directory) => {
      const proxy = await openSshAgentProxy(path, join(directory, 'x'.repeat(120)));
      const expected = message(99, 'answer to 11');
      assert.equal(await exchange(proxy.socket, [message(11)], expected.length), expected);
      await proxy.close();
    }));
});
