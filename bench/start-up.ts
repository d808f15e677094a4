import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median, runOnce } from './support/measure.js';
import type { Result } from './support/report.js';
import { Tsbuild } from './support/tsbuild.js';

const ROUNDS = 15;

/** `tsbuild images` on an empty store, beside a Node that does nothing. */
export async function startUp(): Promise<Result[]> {
  const directory = mkdtempSync(join(tmpdir(), 'tsbuild-bench-'));
  try {
    const images = new Tsbuild(directory).command(['images'], { env: { NODE_EXTRA_CA_CERTS: undefined } });
    const node = { argv: [process.execPath, '-e', '0'], env: { NODE_EXTRA_CA_CERTS: undefined } };
    const ours: number[] = [];
    const bare: number[] = [];
    await runOnce(images);
    for (let round = 0; round < ROUNDS; round++) {
      ours.push((await runOnce(images)).wallMs);
      bare.push((await runOnce(node)).wallMs);
    }
    return [
      {
        work: 'tsbuild images, empty store',
        unit: 'ms',
        ours: median(ours),
        peer: median(bare),
        peerName: 'node -e 0',
        goal: 'ratio <= 2',
      },
    ];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
