import type { ProgressEvent, Reporter } from '../../progress.js';

/** Passes on what happens; a warning, a note or findings that were told already are not told again. */
export function sayingOnce(reporter: Reporter): Reporter {
  const said = new Set<string>();
  return {
    report(event: ProgressEvent): void {
      if (event.kind === 'warning' || event.kind === 'note' || event.kind === 'findings') {
        const text = JSON.stringify(event);
        if (said.has(text)) return;
        said.add(text);
      }
      reporter.report(event);
    },
  };
}
