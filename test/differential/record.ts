// Records what the Buildah of this machine makes of the cases: `node build/js/test/differential/record.js [GROUP...]`, as root.
import { withTempDir } from '../support/temp-dir.js';
import { buildTheirs } from './build-theirs.js';
import { GROUPS } from './groups.js';
import { writeRecordings } from './recordings.js';

const wanted = process.argv.slice(2);
for (const group of GROUPS) {
  if (wanted.length > 0 && !wanted.includes(group.name)) continue;
  const cases = group.cases.filter(({ expected }) => expected === undefined);
  await withTempDir(async (directory) => writeRecordings(group, cases, await buildTheirs(cases, directory)));
  process.stdout.write(`${group.name}: ${cases.length} recorded\n`);
}
