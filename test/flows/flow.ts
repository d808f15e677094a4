import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { project } from '../support/tsbuild.js';

const SCRIPTS = join(project, 'test/flows/scripts');

/**
 * A script as Buildah's users write them, which calls the builder `$B`. Comments at its end say how it is compared:
 *
 * - `# compare: image NAME` also the image of that name, as it is pushed to a directory
 * - `# compare: content NAME` of that image only its files and configuration, and not how they came to be
 * - `# as: unshare` an ordinary user runs it within `$B unshare`, where mounts can be made
 * - `# only: root`, `# only: user` nobody else can do it with Buildah
 * - `# needs: ids` it sees or sets owners, which a user with one id cannot have
 */
export interface Flow {
  /** `group/name`. */
  readonly name: string;
  readonly group: string;
  readonly path: string;
  readonly images: readonly { readonly name: string; readonly contentOnly: boolean }[];
  readonly unshared: boolean;
  readonly only: 'root' | 'user' | undefined;
  readonly needsIds: boolean;
  /** Of the script: what was recorded of another text says nothing. */
  readonly digest: string;
}

/** Every flow, by name. */
export function readFlows(): readonly Flow[] {
  const groups = readdirSync(SCRIPTS).sort();
  return groups.flatMap((group) =>
    readdirSync(join(SCRIPTS, group))
      .sort()
      .map((file) => readFlow(group, file)),
  );
}

function readFlow(group: string, file: string): Flow {
  const path = join(SCRIPTS, group, file);
  const text = readFileSync(path, 'utf8');
  const declared = (key: string) => [...text.matchAll(new RegExp(`^# ${key}: (.*)$`, 'gm'))].map((match) => match[1]!);
  return {
    name: `${group}/${file.replace(/\.sh$/, '')}`,
    group,
    path,
    images: declared('compare').map((what) => ({ name: what.replace(/^\S+ /, ''), contentOnly: what.startsWith('content ') })),
    unshared: declared('as').includes('unshare'),
    only: declared('only').find((who) => who === 'root' || who === 'user'),
    needsIds: declared('needs').includes('ids'),
    digest: createHash('sha256').update(text).digest('hex').slice(0, 16),
  };
}
