import type { CheckOptions } from '../operations/check/check-containerfile.js';
import { formatCheck, formatOutline, formatTargets, type Terminal } from '../ui/index.js';
import type { Call } from './flags/call-flags.js';
import type { CommandServices } from './program/base-command.js';

/** Answers `--call`. @returns the exit status: 1 when a check has anything to say */
export async function answerCall(call: Call, options: CheckOptions, services: CommandServices, terminal: Terminal): Promise<number> {
  const asJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  switch (call.kind) {
    case 'check': {
      const { checkContainerfile } = await import('../operations/check/check-containerfile.js');
      const report = await checkContainerfile(options, services);
      terminal.out(formatCheck(report, call.format));
      return report.findings.length + report.errors.length > 0 ? 1 : 0;
    }
    case 'outline': {
      const { outline } = await import('../operations/check/outline.js');
      const answer = await outline(options, services);
      terminal.out(call.format === 'json' ? asJson(answer) : formatOutline(answer));
      return 0;
    }
    case 'targets': {
      const { listTargets } = await import('../operations/check/targets.js');
      const targets = await listTargets(options, services);
      terminal.out(call.format === 'json' ? asJson({ targets }) : formatTargets(targets));
      return 0;
    }
  }
}
