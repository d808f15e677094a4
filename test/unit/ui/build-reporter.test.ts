import * as assert from 'uvu/assert';
import type { StepLabel } from '../../../src/progress.js';
import { BuildReporter } from '../../../src/ui/index.js';
import { suite } from '../../support/suite.js';

/** Collects what is written, in order; lines of standard error begin with `! `. */
function recorder() {
  const parts: string[] = [];
  const add = (prefix: string) => (text: string | Uint8Array) => {
    parts.push(prefix + (typeof text === 'string' ? text : Buffer.from(text).toString()));
  };
  return { terminal: { out: add(''), err: add('! ') }, text: () => parts.join('') };
}

function step(stage: number, index: number, total: number, text = `RUN ${stage}.${index}`): StepLabel {
  return { stage, stageName: undefined, index, total, text };
}

function openReporter(options: { quiet?: boolean; limitBytes?: number } = {}) {
  const { terminal, text } = recorder();
  const reporter = new BuildReporter(terminal, { quiet: false, warnings: true, ...options });
  return { reporter, text };
}

const output = (label: StepLabel, text: string, stream: 'stdout' | 'stderr' = 'stdout') =>
  ({ kind: 'step-output', step: label, stream, bytes: Buffer.from(text) }) as const;

const ID = 'sha256:0123456789abcdef';

suite('ui/build-reporter', (test) => {
  test('report() shows one stage in the words of Buildah', () => {
    const { reporter, text } = openReporter();
    const [from, run, label] = [step(0, 1, 3, 'FROM scratch'), step(0, 2, 3, 'RUN true'), step(0, 3, 3, 'LABEL a=b')];
    reporter.report({ kind: 'build-started', stages: 1 });
    reporter.report({ kind: 'step-started', step: from });
    reporter.report({ kind: 'step-started', step: run });
    reporter.report(output(run, 'hi\n'));
    reporter.report({ kind: 'step-done', step: run, id: ID });
    reporter.report({ kind: 'step-started', step: label });
    reporter.report({ kind: 'step-cached', step: label, id: 'fedcba9876543210' });
    reporter.report({ kind: 'commit', name: 'app', id: 'fedcba9876543210' });
    reporter.report({ kind: 'tagged', name: 'localhost/app:latest' });
    reporter.finish();
    assert.is(
      text(),
      `STEP 1/3: FROM scratch
STEP 2/3: RUN true
hi
--> 0123456789ab
STEP 3/3: LABEL a=b
--> Using cache fedcba987654
COMMIT app
--> fedcba987654
Successfully tagged localhost/app:latest
`,
    );
  });

  test('report() keeps the output of a command apart by stream', () => {
    const { reporter, text } = openReporter();
    const run = step(0, 2, 2);
    reporter.report({ kind: 'step-started', step: run });
    reporter.report(output(run, 'bad\n', 'stderr'));
    assert.is(text(), 'STEP 2/2: RUN 0.2\n! bad\n');
  });

  test('report() holds back the second stage until the first has ended', () => {
    const { reporter, text } = openReporter();
    reporter.report({ kind: 'build-started', stages: 3 });
    const [a, b, c] = [step(0, 2, 2), step(1, 2, 3), step(2, 2, 2)];
    for (const label of [a, b, c]) reporter.report({ kind: 'step-started', step: label });
    reporter.report(output(b, 'two\n'));
    reporter.report({ kind: 'step-done', step: c, id: ID });
    reporter.report(output(a, 'one\n'));
    assert.is(text(), '[1/3] STEP 2/2: RUN 0.2\none\n');
    reporter.report({ kind: 'step-done', step: a, id: ID });
    reporter.report(output(b, 'more\n'));
    assert.is(text(), '[1/3] STEP 2/2: RUN 0.2\none\n--> 0123456789ab\n[2/3] STEP 2/3: RUN 1.2\ntwo\nmore\n');
    const last = step(1, 3, 3);
    reporter.report({ kind: 'step-started', step: last });
    reporter.report({ kind: 'step-done', step: last, id: ID });
    reporter.report({ kind: 'commit', name: undefined, id: ID });
    assert.match(
      text(),
      /\[2\/3\] STEP 3\/3: RUN 1\.3\n--> 0123456789ab\n\[3\/3\] STEP 2\/2: RUN 2\.2\n\[3\/3\] COMMIT\n--> 0123456789ab\n$/,
    );
  });

  test('report() shows the whole log of a background step that fails, at once', () => {
    const { reporter, text } = openReporter();
    reporter.report({ kind: 'build-started', stages: 2 });
    const [a, b] = [step(0, 2, 2), step(1, 2, 2)];
    reporter.report({ kind: 'step-started', step: a });
    reporter.report({ kind: 'step-started', step: b });
    reporter.report(output(b, 'why\n', 'stderr'));
    reporter.report({ kind: 'step-failed', step: b });
    assert.match(text(), /\[2\/2\] STEP 2\/2: RUN 1\.2\n! why\n$/);
  });

  test('report() does not wait for a stage that is only a FROM', () => {
    const { reporter, text } = openReporter();
    reporter.report({ kind: 'build-started', stages: 2 });
    reporter.report({ kind: 'step-started', step: step(0, 1, 1, 'FROM a AS base') });
    reporter.report({ kind: 'step-started', step: step(1, 1, 2, 'FROM base') });
    reporter.report({ kind: 'step-started', step: step(1, 2, 2) });
    assert.is(text(), '[1/2] STEP 1/1: FROM a AS base\n[2/2] STEP 1/2: FROM base\n[2/2] STEP 2/2: RUN 1.2\n');
  });

  test('report() in quiet mode shows nothing but the log of a failing step', () => {
    const { reporter, text } = openReporter({ quiet: true });
    const [a, b] = [step(0, 1, 2), step(0, 2, 2)];
    reporter.report({ kind: 'step-started', step: a });
    reporter.report(output(a, 'fine\n'));
    reporter.report({ kind: 'step-done', step: a, id: ID });
    reporter.report({ kind: 'step-started', step: b });
    reporter.report(output(b, 'tried\n'));
    reporter.report(output(b, 'broken\n', 'stderr'));
    assert.is(text(), '');
    reporter.report({ kind: 'step-failed', step: b });
    reporter.finish();
    assert.is(text(), '! tried\n! broken\n');
  });

  test('report() bounds what a background stage may hold back, and says so', () => {
    const { reporter, text } = openReporter({ limitBytes: 1000 });
    reporter.report({ kind: 'build-started', stages: 2 });
    const [a, b] = [step(0, 2, 2), step(1, 2, 2)];
    reporter.report({ kind: 'step-started', step: a });
    reporter.report({ kind: 'step-started', step: b });
    for (let count = 0; count < 100; count++) reporter.report(output(b, `${'x'.repeat(98)}\n`));
    reporter.report(output(b, 'the end\n'));
    reporter.finish();
    assert.ok(text().length < 1500, `${text().length} characters`);
    assert.match(text(), /bytes of earlier output left out/);
    assert.match(text(), /\[2\/2\] STEP 2\/2: RUN 1\.2\n/);
    assert.match(text(), /the end\n$/);
  });

  test('report() says which platform a line is of, and counts the stages of each', () => {
    const { reporter, text } = openReporter();
    reporter.report({ kind: 'build-started', stages: 1, first: 0, platform: 'linux/amd64' });
    reporter.report({ kind: 'build-started', stages: 2, first: 1, platform: 'linux/arm64' });
    reporter.report({ kind: 'step-started', step: step(0, 1, 1, 'FROM scratch') });
    reporter.report({ kind: 'step-started', step: step(2, 1, 1, 'FROM scratch') });
    reporter.report({ kind: 'commit', name: 'app', id: ID, stage: 0 });
    reporter.finish();
    assert.is(
      text(),
      `[linux/amd64] STEP 1/1: FROM scratch
[linux/arm64] [2/2] STEP 1/1: FROM scratch
[linux/amd64] COMMIT app
--> 0123456789ab
`,
    );
  });
});
