import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { demand } from '../support/docker-registry.js';
import { skip, suite } from '../support/suite.js';
import { fastTempRoot } from '../support/temp-dir.js';
import { containerfiles, run, runOk } from '../support/tsbuild.js';

type LabelRow = readonly [string, Readonly<Record<string, string>> | null];

suite('the table of words that Buildah gave', (test) => {
  test("Debian's buildah still gives it", async () => {
    if (process.getuid?.() !== 0) skip('one user asking is enough, and root needs no set-up for it');
    demand('buildah');
    const rows = JSON.parse(readFileSync(join(containerfiles, 'words/labels-by-buildah.json'), 'utf8')) as readonly LabelRow[];
    const directory = mkdtempSync(join(fastTempRoot(), 'tsbuild-words-'));
    try {
      const storage = `[storage]\ndriver = "vfs"\ngraphroot = "${directory}/graph"\nrunroot = "${directory}/run"\n`;
      writeFileSync(join(directory, 'storage.conf'), storage);
      const env = { CONTAINERS_STORAGE_CONF: join(directory, 'storage.conf'), TMPDIR: directory };
      const build = (text: string) => {
        writeFileSync(join(directory, 'Containerfile'), `FROM scratch\nENV V=val\nLABEL ${text}\n`);
        return run(['buildah', 'bud', '-q', '--layers=false', '-t', 'row', directory], { env });
      };
      for (const [at, [text, labels]] of rows.entries()) {
        // A build takes a good part of a second: of those it accepts, every eighth is asked again.
        if (labels !== null && at % 8 !== 0) continue;
        const { status, stderr } = await build(text);
        if (labels === null) {
          assert.is.not(status, 0, text);
          continue;
        }
        assert.is(status, 0, stderr);
        const { stdout } = await runOk(['buildah', 'inspect', '--type', 'image', 'row'], { env });
        const { OCIv1 } = JSON.parse(stdout) as { OCIv1: { config: { Labels: Record<string, string> } } };
        const { 'io.buildah.version': _, ...given } = OCIv1.config.Labels;
        assert.equal(given, labels, text);
      }
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
