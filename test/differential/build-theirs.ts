import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withPeers } from '../support/peers.js';
import { containerfiles, fixtures, runOk } from '../support/tsbuild.js';
import { contextLines, needsBase } from './build-ours.js';
import type { DifferentialCase, Outcome } from './case.js';
import { makeContext } from './make-context.js';
import { readImage } from './outcome.js';

/**
 * What the Buildah of this machine makes of each case, in their order.
 *
 * @param directory empty
 */
export async function buildTheirs(cases: readonly DifferentialCase[], directory: string): Promise<Outcome[]> {
  return withPeers(directory, async (peers) => {
    if (cases.some(needsBase)) {
      const base = join(directory, 'base');
      await runOk(['mkdir', '-p', base]);
      await runOk(['cp', join(containerfiles, 'busybox/Containerfile'), base]);
      await runOk(['cp', join(fixtures, 'busybox.tar.zst'), join(base, 'rootfs.tar.zst')]);
      const made = await peers.buildahTry(base, [], 'localhost/busybox');
      if (made.status !== 0) throw new Error(made.stderr);
    }
    const outcomes: Outcome[] = [];
    // One at a time: Buildah loses images that two of it make at once.
    for (const [index, one] of cases.entries()) {
      const [context, result] = [join(directory, `case-${index}`), join(directory, `result-${index}`)];
      await makeContext(context, contextLines(one));
      const { status, stderr } = await peers.buildahTry(context, one.args ?? [], `dir:${result}`);
      outcomes.push(status === 0 ? await read(result, needsBase(one)) : { error: sentenceOf(stderr) });
    }
    return outcomes;
  });
}

const LONGEST_ERROR = 160;

/** The first line that is an error, without the paths of this run. */
function sentenceOf(stderr: string): string {
  const line = /^Error: .*$/m.exec(stderr)?.[0] ?? '';
  return line.replaceAll(/\/[^ "]*\/(case-\d+|merged|result-\d+)/g, '…').slice(0, LONGEST_ERROR);
}

async function read(result: string, onBase: boolean): Promise<Outcome> {
  const file = (digest: string) => join(result, digest.slice('sha256:'.length));
  const manifest = JSON.parse(readFileSync(join(result, 'manifest.json'), 'utf8')) as {
    readonly config: { readonly digest: string };
    readonly layers: readonly { readonly digest: string }[];
  };
  return readImage(
    JSON.parse(readFileSync(file(manifest.config.digest), 'utf8')),
    manifest.layers.map(({ digest }) => file(digest)),
    onBase,
  );
}
