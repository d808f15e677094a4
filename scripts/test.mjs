// `npm test`: sets the machine up, builds, then runs every test file as each identity there is. Ends with one line for machines to read.
// Arguments narrow it: a substring of the file names, and `--as NAME` for one identity.
import { runMain, say } from './requirements.mjs';
import { setUp } from './setup.mjs';

await runMain(async () => {
  const args = process.argv.slice(2);
  const at = args.indexOf('--as');
  const as = at < 0 ? undefined : args.splice(at, 2)[1];
  const only = args[0] ?? '';
  setUp({ forTests: true });

  // Imported late: their own imports exist only after the set-up.
  const { identities } = await import('./test-users.mjs');
  const { makeFixtures } = await import('./test-fixtures.mjs');
  const { runTests } = await import('./run-tests.mjs');

  await makeFixtures();
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const identity of identities()) {
    if (as !== undefined && identity.name !== as) continue;
    if (identity.reason !== undefined) {
      say(`skipping the tests as ${identity.name}: ${identity.reason}`);
      total.skipped++;
      continue;
    }
    say(`tests as ${identity.name}`);
    const result = await runTests({ folders: ['test'], only, label: `[${identity.name}] `, command: identity.command });
    for (const key of Object.keys(total)) total[key] += result[key];
  }
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  if (total.failed > 0 || total.passed === 0) process.exitCode = 1;
});
