import type { ProgressEvent, Reporter, StepDecision, StepLabel } from '../progress.js';
import { shortId } from './short-id.js';
import type { Terminal } from './terminal.js';

/** Shows decisions as JSON, one object to a line, and leaves everything else to another reporter. */
export class JsonExplainReporter implements Reporter {
  constructor(
    private readonly terminal: Terminal,
    private readonly inner: Reporter,
  ) {}

  report(event: ProgressEvent): void {
    if (event.kind === 'step-explained') this.terminal.out(`${JSON.stringify(decisionObject(event))}\n`);
    else this.inner.report(event);
  }
}

/** A decision as tools get it. */
export function decisionObject({
  step,
  id,
  decision,
}: {
  step: Omit<StepLabel, 'stageName'> & { stageName?: string | undefined };
  id: string;
  decision: StepDecision;
}): object {
  const { stage, stageName, index, total, text } = step;
  return { stage, ...(stageName === undefined ? {} : { stageName }), index, total, instruction: text, id: shortId(id), ...decision };
}
