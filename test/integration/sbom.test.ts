import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.js';
import { addBusybox, type TestStore, withTestStore } from '../support/tsbuild.js';

// A scanner as small as it can be: each file *.pkg holds NAME VERSION, and becomes a component.
const SCANNER = `#!/bin/sh
set -e
printf '{"bomFormat":"CycloneDX","scanned":"%s","components":[' "$1" > "$2"
separator=
for file in $(find "$1" -name '*.pkg' | sort); do
  read -r name version < "$file"
  printf '%s{"name":"%s","version":"%s","purl":"pkg:generic/%s@%s"}' "$separator" "$name" "$version" "$name" "$version" >> "$2"
  separator=,
done
echo ']}' >> "$2"
! touch "$1/written" 2>/dev/null
`;
const COMMANDS = ['--sbom-scanner-command', 'scan {ROOTFS} {OUTPUT}', '--sbom-scanner-command', 'scan {CONTEXT} {OUTPUT}'];
const SCAN = ['--sbom-scanner-image', 'scanner', ...COMMANDS, '--sbom-merge-strategy', 'merge-cyclonedx-by-component-name-and-version'];
const component = (name: string, version: string) => ({ name, version, purl: `pkg:generic/${name}@${version}` });

async function prepare(store: TestStore, run = ''): Promise<string> {
  await addBusybox(store);
  const scanner = join(store.directory, 'scanner');
  const context = join(store.directory, 'context');
  mkdirSync(scanner);
  mkdirSync(context);
  writeFileSync(join(scanner, 'scan'), SCANNER);
  const user = run === '' ? '' : `USER ${run}\n`;
  writeFileSync(join(scanner, 'Containerfile'), `FROM busybox\nCOPY --chmod=755 scan /bin/scan\n${user}`);
  await store.ok(['build', '-q', '-t', 'scanner', scanner]);
  writeFileSync(join(context, 'in.pkg'), 'source 1\n');
  writeFileSync(join(context, 'Containerfile'), 'FROM busybox\nCOPY in.pkg /usr/\nRUN echo made 2 > /opt.pkg\n');
  return context;
}

async function read(store: TestStore, image: string, paths: readonly string[]): Promise<string> {
  const { stdout } = await store.ok(['from', image]);
  return (await store.ok(['run', stdout.trim(), 'cat', ...paths])).stdout;
}

suite('build --sbom', (test) => {
  const expected = { bomFormat: 'CycloneDX', scanned: '/.rootfs', components: [component('made', '2'), component('source', '1')] };
  const expectedPurls = { image_contents: { dependencies: ['pkg:generic/made@2', 'pkg:generic/source@1'] } };

  for (const mode of [[], ['--layers=false'], ['--squash']]) {
    test(`writes what the scanner finds here and into the image: ${mode[0] ?? 'layers'}`, () =>
      withTestStore(async (store) => {
        const context = await prepare(store);
        const at = (name: string): string => join(store.directory, name);
        const outputs = ['--sbom-output', at('sbom'), '--sbom-purl-output', at('purl'), '--sbom-image-output', '/root/info/sbom.json'];
        await store.ok(['build', ...mode, ...SCAN, ...outputs, '--sbom-image-purl-output', '/root/purl.json', '-t', 'app', context]);
        const [sbom, purl] = [readFileSync(at('sbom'), 'utf8'), readFileSync(at('purl'), 'utf8')];
        assert.equal(JSON.parse(sbom), expected);
        assert.equal(JSON.parse(purl), expectedPurls);
        assert.is(await read(store, 'app', ['/root/info/sbom.json', '/root/purl.json']), sbom + purl);
        const { stdout } = await store.ok(['inspect', '--type', 'image', '--format', '{{len .OCIv1.RootFS.DiffIDs}}', 'app']);
        assert.is(Number(stdout), mode[0] === '--squash' ? 1 : mode.length === 0 ? 4 : 3);
        assert.not.ok(existsSync(join(context, 'written')), 'contexts can only be read');
      }));
  }

  test('scans directories of --build-context too, as whoever the scanner runs as; outputs have the list', () =>
    withTestStore(async (store) => {
      const context = await prepare(store, '1000:1000');
      const other = join(store.directory, 'other');
      mkdirSync(other);
      writeFileSync(join(other, 'x.pkg'), 'other 3\n');
      const root = join(store.directory, 'out');
      const outputs = ['--sbom-image-output', '/sbom.json', '-o', root];
      await store.ok(['build', ...SCAN, ...outputs, '--build-context', `other=${other}`, context]);
      const { components } = JSON.parse(readFileSync(join(root, 'sbom.json'), 'utf8')) as { components: unknown };
      assert.equal(components, [component('made', '2'), component('source', '1'), component('other', '3')]);
    }));

  test('takes no file of this machine that a scanner links to, and does not wait for a pipe', () =>
    withTestStore(async (store) => {
      const context = await prepare(store);
      const secret = join(store.directory, 'secret');
      writeFileSync(secret, '{"secret":true}');
      for (const make of [`ln -s ${secret}`, 'mkfifo']) {
        const command = `sh -c "${make} {OUTPUT} # {ROOTFS}"`;
        const scan = ['--sbom-scanner-image', 'scanner', '--sbom-scanner-command', command, '--sbom-merge-strategy', 'cat'];
        const output = join(store.directory, 'out');
        const { status, stderr } = await store.tsbuild(['build', ...scan, '--sbom-output', output, context]);
        assert.is(status, 125);
        assert.match(stderr, 'what it left at {OUTPUT} is no regular file');
        assert.not.ok(existsSync(output));
      }
    }));

  test('names the command that failed, with what it printed, and makes no image', () =>
    withTestStore(async (store) => {
      const context = await prepare(store);
      const failing = ['--sbom-scanner-image', 'scanner', '--sbom-scanner-command', 'sh -c "echo no licence >&2; exit 3" {ROOTFS}'];
      const args = ['build', ...failing, '--sbom-merge-strategy', 'cat', '--sbom-output', join(store.directory, 'x'), '-t', 'app', context];
      const { status, stderr } = await store.tsbuild(args);
      assert.is(status, 125);
      assert.match(stderr, /running scanning command \[.*\]: exit status 3\nno licence/);
      assert.is((await store.tsbuild(['inspect', '--type', 'image', 'app'])).status, 125);
    }));
});

suite('commit --sbom', (test) => {
  for (const mode of [[], ['--squash']]) {
    test(`scans what the container holds: ${mode[0] ?? 'layers'}`, () =>
      withTestStore(async (store) => {
        await prepare(store);
        const container = (await store.ok(['from', 'busybox'])).stdout.trim();
        await store.ok(['run', container, 'sh', '-c', 'echo own 4 > /usr/own.pkg']);
        const file = join(store.directory, 'sbom');
        const outputs = ['--sbom-output', file, '--sbom-image-output', '/etc/sbom', '--sbom-image-purl-output', '/etc/purl'];
        await store.ok(['commit', ...mode, ...SCAN, ...outputs, container, 'app']);
        const sbom = readFileSync(file, 'utf8');
        assert.equal(JSON.parse(sbom), { bomFormat: 'CycloneDX', scanned: '/.rootfs', components: [component('own', '4')] });
        assert.is(
          await read(store, 'app', ['/etc/sbom', '/etc/purl']),
          `${sbom}{"image_contents":{"dependencies":["pkg:generic/own@4"]}}\n`,
        );
        assert.is((await store.tsbuild(['run', container, 'ls', '/etc/sbom'])).status, 1, 'the container itself has none');
      }));
  }

  test('refuses what is incomplete before it does anything', () =>
    withTestStore(async (store) => {
      const { status, stderr } = await store.tsbuild(['commit', '--sbom', 'syft', 'nothing', 'app']);
      assert.is(status, 125);
      assert.match(stderr, /sbom configuration missing one or more of/);
    }));
});
