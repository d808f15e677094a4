import { spawn } from 'node:child_process';
import type { Sample } from './measure.js';
import { runOnce } from './measure.js';

/** What the tools of the system need for the same bytes, one after the other: no builder can do with much less. */
export async function floorOf(commands: readonly string[]): Promise<Sample> {
  let total: Sample = { wallMs: 0, cpuMs: 0, peakKiB: 0 };
  for (const command of commands) {
    const { wallMs, cpuMs } = await runOnce({ argv: ['bash', '-o', 'pipefail', '-ec', command] });
    total = { wallMs: total.wallMs + wallMs, cpuMs: total.cpuMs + cpuMs, peakKiB: 0 };
  }
  return total;
}

/** Bytes on disk below a directory, hard links counted once. */
export function diskUse(directory: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn('du', ['-s', '-B1', directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += String(chunk);
    });
    child.on('error', reject);
    child.on('close', () => resolve(Number.parseInt(text, 10)));
  });
}
