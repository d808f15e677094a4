import { suite as uvuSuite } from 'uvu';

/** Thrown by {@link skip}; the wrapper counts it and prints the reason. */
class SkipSignal extends Error {}

/** Ends the running test as skipped. The reason is printed: it says what the machine lacks. */
export function skip(reason: string): never {
  throw new SkipSignal(reason);
}

type Define = (test: (title: string, body: () => unknown) => void) => void;

/** A slow build of the programs under test needs more (scripts/test-sanitized.mjs). */
const TEST_TIMEOUT_MS = 120_000 * Number(process.env.TSBUILD_TEST_TIME_FACTOR ?? 1);

/**
 * The one way to write tests here. uvu alone exits 0 for a suite that throws something that is no Error, for one without `.run()` and
 * for one that defines nothing; this wrapper makes each of them fail.
 *
 * At exit the process prints `# passed P failed F skipped S of N`, which the runner demands.
 */
export function suite(name: string, define: Define): void {
  const inner = uvuSuite(name);
  let defined = 0;
  define((title, body) => {
    defined++;
    tally.defined++;
    inner(title, async () => {
      const timer = setTimeout(() => {
        process.stderr.write(`timeout: ${name} › ${title} took more than ${TEST_TIMEOUT_MS / 1000} s\n`);
        process.exit(1);
      }, TEST_TIMEOUT_MS);
      try {
        await body();
        tally.passed++;
      } catch (error) {
        if (error instanceof SkipSignal) {
          tally.skipped++;
          process.stdout.write(`\n# skipped ${name} › ${title}: ${error.message}\n`);
          return;
        }
        tally.failed++;
        throw error instanceof Error ? error : new Error(`Not an Error: ${String(error)}`);
      } finally {
        clearTimeout(timer);
      }
    });
  });
  if (defined === 0) throw new Error(`Suite "${name}" defines no test`);
  inner.run();
}

const tally = { defined: 0, passed: 0, failed: 0, skipped: 0 };

process.on('exit', () => {
  process.stdout.write(`\n# passed ${tally.passed} failed ${tally.failed} skipped ${tally.skipped} of ${tally.defined}\n`);
});
