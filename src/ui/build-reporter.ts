import type { ProgressEvent, Reporter, StepDecision, StepLabel } from '../progress.js';
import { formatDecision } from './decision-text.js';
import { formatFindingLines } from './finding-lines.js';
import { formatNote, formatWarning } from './messages.js';
import { shortId } from './short-id.js';
import { type LogChunk, StageLog } from './stage-log.js';
import type { Terminal } from './terminal.js';

export interface BuildReporterOptions {
  /** Nothing but warnings, and the log of a step that fails. */
  readonly quiet: boolean;
  readonly warnings: boolean;
  /** How much output of commands a stage in the background may hold back; 4 MiB unless given. */
  readonly limitBytes?: number;
}

/** The stages of one platform. */
interface StageGroup {
  readonly first: number;
  readonly count: number;
  readonly platform: string | undefined;
}

interface StageState {
  readonly log: StageLog;
  finished: boolean;
}

const DEFAULT_LIMIT_BYTES = 4 << 20;

/**
 * Shows a build in Buildah's words. Stages run side by side, but their lines come out stage by stage: those of one stage, the
 * foreground, at once, those of the others when their turn comes, or at once when one of their steps fails.
 */
export class BuildReporter implements Reporter {
  private groups: readonly StageGroup[] = [{ first: 0, count: 1, platform: undefined }];
  private readonly stages = new Map<number, StageState>();
  private foreground: number | undefined;
  private shownFindings = '';
  private readonly limitBytes: number;

  constructor(
    private readonly terminal: Terminal,
    private readonly options: BuildReporterOptions,
  ) {
    this.limitBytes = options.limitBytes ?? DEFAULT_LIMIT_BYTES;
  }

  report(event: ProgressEvent): void {
    switch (event.kind) {
      case 'build-started':
        this.groupStarted({ first: event.first ?? 0, count: event.stages, platform: event.platform });
        break;
      case 'step-started':
        this.stepStarted(event.step);
        break;
      case 'step-cached':
        this.line(event.step, `--> Using cache ${shortId(event.id)}\n`);
        this.stepEnded(event.step, event.id);
        break;
      case 'step-done':
        this.stepEnded(event.step, event.id);
        break;
      case 'step-explained':
        this.explain(event.step, event.decision);
        break;
      case 'step-output':
        this.write(event.step.stage, { stream: event.stream === 'stdout' ? 'out' : 'err', content: event.bytes, fromCommand: true });
        break;
      case 'step-failed':
        // Standard output of a quiet build is for the ID alone.
        this.stageState(event.step.stage).log.flush(this.terminal, this.options.quiet ? 'err' : undefined);
        break;
      case 'commit':
        this.say(
          `${this.prefix(event.stage ?? lastStage(this.groups[0]!))}COMMIT${event.name === undefined ? '' : ` ${event.name}`}\n--> ${shortId(event.id)}\n`,
        );
        break;
      case 'tagged':
        this.say(`Successfully tagged ${event.name}\n`);
        break;
      case 'findings':
        this.showFindings(formatFindingLines(event.findings));
        break;
      case 'note':
        if (!this.options.quiet) this.terminal.err(formatNote(event.text));
        break;
      case 'warning':
        if (this.options.warnings) this.terminal.err(formatWarning(event.text));
        break;
      case 'transfer':
        // Buildah shows no transfers in a build with layers.
        break;
    }
  }

  /** Shows what still waits for its turn: call it when the build is over, however it ended. */
  finish(): void {
    if (this.options.quiet) return;
    for (const [, stage] of [...this.stages].sort(([a], [b]) => a - b)) stage.log.flush(this.terminal);
  }

  /** Once, though an image that is verified is built several times. */
  private showFindings(text: string): void {
    if (!this.options.warnings || this.options.quiet || text === this.shownFindings) return;
    this.shownFindings = text;
    this.terminal.err(text);
  }

  private stepStarted(step: StepLabel): void {
    const state = this.stageState(step.stage);
    // In quiet mode a log holds one step's output, for the case that it fails.
    if (this.options.quiet) state.log.clear();
    state.finished = false;
    this.foreground ??= step.stage;
    this.line(step, `${this.prefix(step.stage)}STEP ${step.index}/${step.total}: ${step.text}\n`);
    // A FROM has no end of its own; where nothing follows it, nothing more will be shown of its stage.
    if (step.total === 1) this.stageEnded(step.stage);
  }

  private explain(step: StepLabel, decision: StepDecision): void {
    const text = formatDecision(decision);
    // Who asks for an explanation and for quiet wants the one, and standard output for the ID alone.
    if (this.options.quiet) this.terminal.err(text === '' ? '' : `STEP ${step.index}/${step.total}: ${step.text}\n${text}`);
    else if (step.total > 1) this.line(step, text);
  }

  private stepEnded(step: StepLabel, id: string): void {
    const last = step.index === step.total;
    // The last step's commit is the image's, which Buildah shows after COMMIT.
    const isCommit = last && step.stage === lastStage(this.groupOf(step.stage));
    if (!isCommit && id !== '') this.line(step, `--> ${shortId(id)}\n`);
    if (last) this.stageEnded(step.stage);
  }

  private stageEnded(stage: number): void {
    this.stageState(stage).finished = true;
    if (this.foreground === stage) this.advance();
  }

  private prefix(stage: number): string {
    const { first, count, platform } = this.groupOf(stage);
    const place = count > 1 ? `[${stage - first + 1}/${count}] ` : '';
    return platform === undefined ? place : `[${platform}] ${place}`;
  }

  private groupStarted(group: StageGroup): void {
    this.groups = group.first === 0 ? [group] : [...this.groups, group];
  }

  private groupOf(stage: number): StageGroup {
    return this.groups.findLast(({ first }) => first <= stage) ?? this.groups[0]!;
  }

  private say(text: string): void {
    if (!this.options.quiet) this.terminal.out(text);
  }

  private line(step: StepLabel, text: string): void {
    if (!this.options.quiet) this.write(step.stage, { stream: 'out', content: text, fromCommand: false });
  }

  private write(stage: number, chunk: LogChunk): void {
    const state = this.stageState(stage);
    if (!this.options.quiet && this.foreground === stage) this.terminal[chunk.stream](chunk.content);
    else state.log.add(chunk);
  }

  private stageState(stage: number): StageState {
    const known = this.stages.get(stage);
    if (known !== undefined) return known;
    const state = { log: new StageLog(this.limitBytes), finished: false };
    this.stages.set(stage, state);
    this.foreground ??= stage;
    return state;
  }

  /** The foreground stage is done: show finished ones up to the next that still runs, which becomes the foreground. */
  private advance(): void {
    const next = [...this.stages].filter(([index]) => index !== this.foreground).sort(([a], [b]) => a - b);
    this.foreground = undefined;
    for (const [index, stage] of next) {
      if (!this.options.quiet) stage.log.flush(this.terminal);
      if (stage.finished) continue;
      this.foreground = index;
      return;
    }
  }
}

function lastStage({ first, count }: StageGroup): number {
  return first + count - 1;
}
