// Makes a fresh clone ready: npm packages, native part, bundle. Idempotent.
import {
  build,
  checkNode,
  checkRootless,
  ensureBuildTools,
  ensureNpmPackages,
  ensurePackages,
  RUN_PACKAGES,
  runMain,
  TEST_PACKAGES,
} from './requirements.mjs';

export function setUp({ forTests = false } = {}) {
  checkNode();
  ensureBuildTools();
  ensurePackages(forTests ? TEST_PACKAGES : RUN_PACKAGES);
  ensureNpmPackages();
  build();
  checkRootless();
}

if (process.argv[1] === new URL(import.meta.url).pathname) await runMain(() => setUp({ forTests: process.argv.includes('--tests') }));
