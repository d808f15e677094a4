import { isAbsolute } from 'node:path';
import { UsageError } from '../../errors.js';
import type { NetworkRequest } from '../../sandbox/index.js';

/** `--network`. @throws {UsageError} no network that there is */
export function parseNetwork(text: string | undefined): NetworkRequest {
  const [, kind = '', rest] = /^([^:]*)(?::(.*))?$/s.exec(text ?? '') ?? [];
  const refuse = (problem: string): never => {
    throw new UsageError(`invalid --network ${JSON.stringify(text)}: ${problem}`, {
      hint: 'There are host, none, private, pasta[:OPTIONS], slirp4netns[:OPTIONS] and ns:PATH',
    });
  };
  if (isAbsolute(text ?? '')) return { kind: 'path', path: text! };
  switch (kind) {
    case '':
    case 'default':
    case 'host':
    case 'none':
      if (rest !== undefined) refuse(`"${kind}" takes nothing behind it`);
      return { kind: kind === '' ? 'default' : kind };
    case 'ns':
      if (rest === undefined || !isAbsolute(rest)) refuse('expected ns: and an absolute path');
      return { kind: 'path', path: rest! };
    case 'private':
    case 'pasta':
    case 'slirp4netns': {
      const options = (rest ?? '').split(',').filter((word) => word !== '');
      if (kind === 'private' && options.length > 0) refuse('options go to pasta: or slirp4netns:');
      return { kind: 'private', helper: kind === 'private' ? undefined : kind, options };
    }
    default:
      return refuse(kind === 'container' || kind === 'bridge' ? `${kind} networks are those of a daemon` : 'there is no such network');
  }
}
