import { type Diagnosis, diagnose } from '../operations/doctor/doctor.js';
import { flag } from './flags/flags.js';
import { refuseMoreThan } from './flags/operands.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

export class Doctor extends BaseCommand<typeof Doctor> {
  static override usage = 'doctor [flags]';
  static override description =
    'Look at what builds lean on: each line says ok, degraded or missing, what that costs, and what mends it. The exit status is 0 when all is well, 1 when something is degraded, 2 when something is missing.';
  static override examples = ['tsbuild doctor', 'tsbuild doctor --json'];
  static override flags = { json: flag({ summary: 'Show JSON' }) };

  protected async execute(services: CommandServices): Promise<number> {
    refuseMoreThan(0, this.operands);
    const diagnosis = await diagnose(services);
    this.terminal.out(this.flags.json === true ? `${JSON.stringify(diagnosis, null, 4)}\n` : formatDiagnosis(diagnosis));
    return diagnosis.exitStatus;
  }
}

function formatDiagnosis({ findings }: Diagnosis): string {
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  return findings
    .map(({ subject, verdict, found, cost, remedy }) => {
      const more = [...(cost === undefined ? [] : [`costs: ${cost}`]), ...(remedy === undefined ? [] : [`mend:  ${remedy}`])];
      return [`${verdict.padEnd(8)}  ${subject.padEnd(width)}  ${found}`, ...more.map((line) => `${' '.repeat(width + 12)}${line}`)].join(
        '\n',
      );
    })
    .map((text) => `${text}\n`)
    .join('');
}
