// Records what the Buildah of this machine makes of the flows: `node build/js/test/flows/record.js [PART-OF-NAME...]`, as root. Without
// arguments it records those that are new or have changed.

import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { withTempDir } from '../support/temp-dir.js';
import { type Flow, readFlows } from './flow.js';
import { type Recording, readRecordings, recordingOf, writeRecordings } from './recordings.js';
import { runTheirs } from './theirs.js';

const wanted = process.argv.slice(2);
const all = readFlows();
const isWanted = (flow: Flow) => (wanted.length === 0 ? recordingOf(flow) === undefined : wanted.some((part) => flow.name.includes(part)));
const flows = all.filter(isWanted);

await withTempDir(async (directory) => {
  chmodSync(directory, 0o755);
  const forRoot = flows.filter(({ only }) => only !== 'user');
  const root = await runTheirs(forRoot, 'root', join(directory, 'root'));
  const others = flows.filter(({ only }) => only !== 'root');
  const user = await runTheirs(others, 'user', join(directory, 'user'));
  for (const group of new Set(all.map((flow) => flow.group))) {
    const old = readRecordings(group);
    const recordings: Record<string, Recording> = {};
    for (const flow of all) {
      if (flow.group !== group) continue;
      const at = flows.indexOf(flow);
      const kept = old[flow.name];
      if (at === -1) {
        if (kept !== undefined) recordings[flow.name] = kept;
        continue;
      }
      const [ofRoot, ofUser] = [root[forRoot.indexOf(flow)], user[others.indexOf(flow)]];
      const same = ofUser === undefined || JSON.stringify(ofUser) === JSON.stringify(ofRoot);
      recordings[flow.name] = {
        of: flow.digest,
        ...(ofRoot === undefined ? {} : { root: ofRoot }),
        ...(same ? {} : { user: ofUser }),
      };
    }
    writeRecordings(group, recordings);
  }
});
process.stdout.write(`${flows.length} recorded\n`);
