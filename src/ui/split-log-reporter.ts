import type { ProgressEvent, Reporter } from '../progress.js';
import { BuildReporter, type BuildReporterOptions } from './build-reporter.js';
import type { Terminal } from './terminal.js';

interface Part {
  readonly first: number;
  readonly terminal: Terminal;
  readonly reporter: BuildReporter;
}

/** Shows each platform of a build somewhere else; what is of none is shown with all of them. */
export class SplitLogReporter implements Reporter {
  readonly #parts: Part[] = [];
  /** What was said before it was known how many platforms there are. */
  readonly #early: ProgressEvent[] = [];

  /** @param open where a platform is shown; undefined: the only one, which was not asked for by name */
  constructor(
    private readonly open: (platform: string | undefined) => Terminal,
    private readonly options: BuildReporterOptions,
  ) {}

  report(event: ProgressEvent): void {
    if (event.kind === 'build-started') this.#begin(event);
    else if (this.#parts.length === 0) this.#early.push(event);
    else for (const { reporter } of this.#partsOf(event)) reporter.report(event);
  }

  /** As {@link BuildReporter.finish}. */
  finish(): void {
    for (const { reporter } of this.#parts) reporter.finish();
  }

  /** Shows something in every part. */
  get terminal(): Terminal {
    const everywhere = (stream: 'out' | 'err', text: string | Uint8Array): void => {
      for (const { terminal } of this.#parts) terminal[stream](text);
    };
    return { out: (text) => everywhere('out', text), err: (text) => everywhere('err', text) };
  }

  #begin(event: ProgressEvent & { readonly kind: 'build-started' }): void {
    const first = event.first ?? 0;
    let part = this.#parts.find((known) => known.first === first);
    if (part === undefined) {
      const terminal = this.open(event.platform);
      part = { first, terminal, reporter: new BuildReporter(terminal, this.options) };
      this.#parts.push(part);
      for (const early of this.#early) part.reporter.report(early);
    }
    part.reporter.report(event);
  }

  #partsOf(event: ProgressEvent): readonly Part[] {
    const stage = 'step' in event ? event.step.stage : event.kind === 'commit' ? event.stage : undefined;
    return stage === undefined ? this.#parts : [this.#parts.findLast(({ first }) => first <= stage) ?? this.#parts[0]!];
  }
}
