import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { UsageError } from '../../errors.js';
import { InterruptedError } from './interruption.js';

/**
 * Ask the person at the terminal for a line.
 *
 * @param options a secret is not shown while it is typed
 * @throws {UsageError} standard input is no terminal: a script would wait for ever
 */
export async function askOnTerminal(question: string, options: { readonly isSecret: boolean }): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new UsageError('Cannot ask for a user name and password: standard input is not a terminal', {
      hint: 'Give --username and --password-stdin',
    });
  }
  let isShown = true;
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (isShown) process.stderr.write(chunk);
      done();
    },
  });
  const reader = createInterface({ input: process.stdin, output, terminal: true });
  try {
    return await new Promise<string>((resolve, reject) => {
      reader.on('SIGINT', () => reject(new InterruptedError('SIGINT')));
      reader.on('close', () => reject(new UsageError('no answer was given')));
      reader.question(question, resolve);
      isShown = !options.isSecret;
    });
  } finally {
    isShown = true;
    reader.close();
    if (options.isSecret) process.stderr.write('\n');
  }
}
