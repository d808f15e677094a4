// Writes the manual from the definitions of the commands: docs/commands/*.md, which are checked in, and man/*.1. Run after a build.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('..', import.meta.url));
const { MAN_DIR, MARKDOWN_DIR, writeManual } = await import('../build/js/src/commands/manual/manual.js');
const { version } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));

const manual = await writeManual(version);
// A command that is gone leaves no page.
for (const directory of [MARKDOWN_DIR, MAN_DIR]) rmSync(join(project, directory), { recursive: true, force: true });
for (const [path, text] of manual) {
  mkdirSync(dirname(join(project, path)), { recursive: true });
  writeFileSync(join(project, path), text);
}
console.log(`${manual.size} pages`);
