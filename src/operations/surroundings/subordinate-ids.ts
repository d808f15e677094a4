import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Ids that an administrator has given away, `count` from `first` on. */
export interface SubordinateRange {
  readonly first: number;
  readonly count: number;
}

/**
 * What `/etc/subuid` or `/etc/subgid` has for a user or group, or what stands for the files in `/etc/nsswitch.conf`.
 *
 * @see subuid(5)
 */
export function subordinateRanges(file: '/etc/subuid' | '/etc/subgid', name: string): readonly SubordinateRange[] {
  // A name that begins so would be an option.
  const fromService = hasService() && !name.startsWith('-') ? askService(file, name) : [];
  return fromService.length > 0 ? fromService : parseSubordinate(readOptional(file), name);
}

/** The lines `NAME:FIRST:COUNT` of one name; others are passed over. */
export function parseSubordinate(text: string, name: string): readonly SubordinateRange[] {
  return text.split('\n').flatMap((line) => {
    const [, owner, first, count] = /^([^:#]+):(\d+):(\d+)$/.exec(line.trim()) ?? [];
    return owner === name && Number(count) > 0 ? [{ first: Number(first), count: Number(count) }] : [];
  });
}

/** `subid: sss` and the like, as shadow-utils has it. */
function hasService(): boolean {
  const [, service] = /^\s*subid\s*:\s*(\S+)/m.exec(readOptional('/etc/nsswitch.conf')) ?? [];
  return service !== undefined && service !== 'files';
}

/** Lines such as `0: name 100000 65536`. */
function askService(file: string, name: string): readonly SubordinateRange[] {
  const { stdout } = spawnSync('getsubids', [...(file === '/etc/subgid' ? ['-g'] : []), name], { encoding: 'utf8' });
  return [...(stdout ?? '').matchAll(/^\d+: \S+ (\d+) (\d+)$/gm)].map(([, first, count]) => ({
    first: Number(first),
    count: Number(count),
  }));
}

function readOptional(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Nothing was given away then, which is told by who asks.
    return '';
  }
}
