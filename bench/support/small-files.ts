import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { seededRandom, seededText } from './seeded.js';

const FILES = 50_000;
const FILES_PER_PACKAGE = 63;
const FOLDERS = ['', 'lib', 'lib', 'dist/esm', 'dist/cjs', 'src/internal/util'];

/** Writes 800 packages in the shape of node_modules; sizes are log-normal with a mean of about 4 KiB. The same tree in each run. */
export function writeSmallFiles(tree: string): void {
  const random = seededRandom(42);
  const pool = seededText(2 ** 22);
  const made = new Set<string>();
  for (let file = 0; file < FILES; file++) {
    const parent = `pkg${String(Math.floor(file / FILES_PER_PACKAGE)).padStart(3, '0')}`;
    const path = join(tree, parent, FOLDERS[(file % FILES_PER_PACKAGE) % FOLDERS.length]!, `f${file}.js`);
    if (!made.has(dirname(path))) mkdirSync(dirname(path), { recursive: true });
    made.add(dirname(path));
    const gaussian = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const sizeBytes = Math.min(Math.floor(Math.exp(7.55 + 1.25 * gaussian)), 400_000);
    const start = Math.floor(random() * (pool.length - sizeBytes));
    writeFileSync(path, pool.subarray(start, start + sizeBytes));
  }
}
