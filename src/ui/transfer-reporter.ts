import type { ProgressEvent, Reporter } from '../progress.js';
import { formatNote, formatWarning } from './messages.js';
import type { Terminal } from './terminal.js';

/** Shows pulls and pushes on standard error, in the words of Buildah and skopeo; steps of a build have no place here. */
export class TransferReporter implements Reporter {
  private started = false;

  constructor(
    private readonly terminal: Terminal,
    private readonly options: { readonly quiet: boolean; readonly warnings: boolean },
  ) {}

  report(event: ProgressEvent): void {
    if (event.kind === 'warning' && this.options.warnings) this.terminal.err(formatWarning(event.text));
    if (this.options.quiet) return;
    if (event.kind === 'note') this.terminal.err(formatNote(event.text));
    if (event.kind === 'transfer') this.transfer(event);
  }

  private transfer(event: Extract<ProgressEvent, { kind: 'transfer' }>): void {
    if (!this.started) this.terminal.err('Getting image source signatures\n');
    this.started = true;
    if (event.action === 'done') return;
    if (event.what === 'manifest') this.terminal.err('Writing manifest to image destination\n');
    else if (event.what === 'config') this.terminal.err(`Copying config ${event.digest}\n`);
    else this.terminal.err(`Copying blob ${event.digest}${event.action === 'skipped' ? ' [already there]' : ''}\n`);
  }
}
