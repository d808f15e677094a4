import { chmodSync, closeSync, constants, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { SshAgent } from '../../builder/steps/index.js';
import { O_PATH, openat2 } from '../../sys/index.js';

// https://datatracker.ietf.org/doc/html/draft-ietf-sshm-ssh-agent, section 6.1
const FAILURE = Buffer.from([0, 0, 0, 1, 5]);
const REQUEST_IDENTITIES = 11;
const SIGN_REQUEST = 13;
/** As in OpenSSH's agent; a client that announces more is cut off. */
const MAX_MESSAGE_BYTES = 256 * 1024;

/**
 * A socket of its own that passes on to an agent only what a command needs: which keys there are, and signatures. Adding, removing and
 * locking keys, and everything a later version of the protocol may bring, is answered with a failure.
 *
 * @param upstream path of the agent's socket
 * @param runRoot where the socket lies while it is open, in a directory of its own
 */
export async function openSshAgentProxy(upstream: string, runRoot: string): Promise<SshAgent> {
  mkdirSync(runRoot, { recursive: true, mode: 0o700 });
  const directory = mkdtempSync(join(runRoot, 'ssh-'));
  const held = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  const connections = new Set<Socket>();
  const server = createServer((client) => connections.add(relay(client, upstream, connections)));
  const close = async (): Promise<void> => {
    for (const connection of connections) connection.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    closeSync(held);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      // By its directory's descriptor: the path of a socket may have 107 bytes only.
      server.listen(`/proc/self/fd/${held}/agent`, resolve);
    });
    chmodSync(join(directory, 'agent'), 0o600);
    const socket = openat2(held, 'agent', { flags: O_PATH });
    return {
      socket,
      async close() {
        closeSync(socket);
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Connects a client with the agent; answers come in the order of requests, so one that is refused waits for those before it. */
function relay(client: Socket, upstream: string, connections: Set<Socket>): Socket {
  const agent = createConnection(upstream);
  connections.add(agent);
  const end = (): void => {
    for (const socket of [client, agent]) {
      socket.destroy();
      connections.delete(socket);
    }
  };
  for (const socket of [client, agent]) {
    // Whichever way one of the two goes, the other has nobody to talk to any more.
    socket.on('error', end);
    socket.on('close', end);
  }
  // The next request is looked at when the one before has its answer.
  const requests: Buffer[] = [];
  let waiting = false;
  const next = (): void => {
    for (let request = requests.shift(); request !== undefined; request = requests.shift()) {
      if (isAllowed(request)) {
        waiting = true;
        agent.write(request);
        return;
      }
      client.write(FAILURE);
    }
  };
  eachMessage(client, end, (request) => {
    requests.push(request);
    if (!waiting) next();
  });
  eachMessage(agent, end, (answer) => {
    waiting = false;
    client.write(answer);
    next();
  });
  return client;
}

function isAllowed(message: Buffer): boolean {
  return message[4] === REQUEST_IDENTITIES || message[4] === SIGN_REQUEST;
}

/** Calls back with each whole message, its length in front. */
function eachMessage(socket: Socket, onNonsense: () => void, receive: (message: Buffer) => void): void {
  let pending = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 4) {
      const length = pending.readUInt32BE(0);
      if (length === 0 || length > MAX_MESSAGE_BYTES) {
        onNonsense();
        return;
      }
      if (pending.length < 4 + length) return;
      receive(pending.subarray(0, 4 + length));
      pending = pending.subarray(4 + length);
    }
  });
}
