import { UsageError } from '../errors.js';
import { type CheckResult, checkStore } from '../operations/storage/check-store.js';
import { flag } from './flags/flags.js';
import { refuseMoreThan } from './flags/operands.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

const DAMAGED = 1;

export class SystemCheck extends BaseCommand<typeof SystemCheck> {
  static override usage = 'system check [flags]';
  static override description =
    'Read every blob, layer, snapshot and record of the store and say what is wrong. The exit status is 1 while something is.';
  static override examples = ['tsbuild system check', 'tsbuild system check --repair'];
  static override flags = {
    repair: flag({ char: 'r', summary: 'Remove what is damaged; it is made, pulled or built anew when it is needed' }),
    force: flag({ char: 'f', summary: 'With --repair: damaged working containers too' }),
    json: flag({ summary: 'Show JSON' }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    refuseMoreThan(0, this.operands);
    const { repair = false, force = false, json = false } = this.flags;
    if (force && !repair) throw new UsageError('--force has no meaning without --repair');
    const result = await checkStore({ repair, force }, services);
    this.terminal.out(json ? `${JSON.stringify(result, null, 4)}\n` : formatCheck(result, repair));
    return result.problems.every(({ repaired }) => repaired !== undefined) ? 0 : DAMAGED;
  }
}

function formatCheck({ problems, blobs, layers, snapshots, records }: CheckResult, repair: boolean): string {
  const lines = problems.map(({ subject, problem, repaired }) => {
    const outcome = repaired ?? (repair ? 'left alone: only --force removes it' : undefined);
    return `${subject}: ${problem}${outcome === undefined ? '' : `\n  ${outcome}`}\n`;
  });
  const open = problems.filter(({ repaired }) => repaired === undefined).length;
  const looked = `${blobs} blobs, ${layers} layers, ${snapshots} snapshots and ${records} cached steps`;
  const found = problems.length === 0 ? 'all is well' : `${problems.length} problems${repair ? `, ${open} of them left` : ''}`;
  const advice = open > 0 && !repair ? 'tsbuild system check --repair removes what is damaged\n' : '';
  return `${lines.join('')}Checked ${looked}: ${found}\n${advice}`;
}
