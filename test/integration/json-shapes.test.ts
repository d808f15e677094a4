import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { skip, suite } from '../support/suite.js';
import { withTempDir } from '../support/temp-dir.js';
import { idModeOf, project, run, runOk, withTestStore } from '../support/tsbuild.js';

/** Types by the path of a value in a document: `[].names[]` is a text. */
type Shape = Readonly<Record<string, string>>;

/** What Debian's Buildah 1.28 prints in {@link session}. */
const RECORDED = JSON.parse(readFileSync(join(project, 'test/integration/buildah-shapes.json'), 'utf8')) as Readonly<Record<string, Shape>>;

/** What tsbuild means otherwise: nothing is an empty list there, and not null. */
const EMPTY_LISTS: readonly string[] = ['containers (none) ', 'mount (none) ', 'inspect image .Devices'];
/** A field that an image made here does not have in the one or other format. */
const EITHER: readonly string[] = ['inspect container .Docker.config.OnBuild', 'inspect container .Docker.container_config.OnBuild'];

/**
 * The JSON documents of a small session, by what was asked.
 *
 * @param argv the program with its store
 * @param mountArgv the same where it can mount
 */
async function session(directory: string, argv: readonly string[], mountArgv = argv): Promise<Readonly<Record<string, unknown>>> {
  const text = async (...words: string[]): Promise<string> => (await runOk([...argv, ...words])).stdout.trim();
  const json = async (...words: string[]): Promise<unknown> => JSON.parse(await text(...words));
  const file = join(directory, 'file');
  writeFileSync(file, 'text\n');
  const container = await text('from', 'scratch');
  await text('copy', '-q', container, file, '/file');
  const values = ['--env', 'A=b', '--label', 'x=y', '--cmd', '["/f"]', '--port', '80', '--volume', '/v', '--annotation', 'an=no'];
  const further = ['--author', 'me', '--entrypoint', '["/e"]', '--user', '1', '--workingdir', '/w', '--stop-signal', 'INT'];
  await text('config', ...values, ...further, container);
  await text('commit', '-q', container, 'img:1');
  const derived = await text('from', 'img:1');
  const documents: Record<string, unknown> = {
    version: await json('version', '--json'),
    info: await json('info'),
    'info --debug': await json('info', '--debug'),
    images: await json('images', '--json'),
    containers: await json('containers', '--json'),
    'inspect image': await json('inspect', '--type', 'image', 'img:1'),
    'inspect container': await json('inspect', derived),
    'mount (none)': await json('mount', '--json'),
  };
  // One process: a mount of an ordinary user lives as long as its namespace.
  const script = '"$@" mount "$C" >&2; "$@" mount --json; "$@" mount --json "$C"; "$@" umount "$C" >&2';
  const [namespace, program] = [mountArgv.slice(0, mountArgv.length - argv.length), argv];
  const { stdout } = await runOk([...namespace, 'env', `C=${derived}`, 'sh', '-c', script, 'sh', ...program]);
  const [listed = '', one = ''] = stdout.split(/(?<=^\])\n/m);
  documents['mount (listed)'] = JSON.parse(listed);
  documents['mount (one)'] = JSON.parse(one);
  await text('rm', '-a');
  documents['containers (none)'] = await json('containers', '--json');
  return documents;
}

function shapeOf(document: unknown): Shape {
  const shape: Record<string, string> = {};
  const walk = (value: unknown, path: string): void => {
    shape[path] = value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value;
    if (Array.isArray(value)) for (const item of value) walk(item, `${path}[]`);
    else if (typeof value === 'object' && value !== null) for (const [key, item] of Object.entries(value)) walk(item, `${path}.${key}`);
  };
  walk(document, '');
  // Each builder labels its images with its own version.
  return Object.fromEntries(Object.entries(shape).filter(([path]) => !path.includes('.io.')));
}

const shapesOf = (documents: Readonly<Record<string, unknown>>): Record<string, Shape> =>
  Object.fromEntries(Object.entries(documents).map(([name, document]) => [name, shapeOf(document)]));

suite('JSON documents', (test) => {
  test("they have Buildah's keys, with values of the same types", () =>
    withTestStore(async (store) => {
      const unshare = (await idModeOf(store)) === 'root' ? [] : store.argv(['unshare']);
      const ours = shapesOf(await session(store.directory, store.argv([]), [...unshare, ...store.argv([])]));
      for (const [name, shape] of Object.entries(RECORDED)) {
        for (const [path, type] of Object.entries(shape)) {
          const place = `${name} ${path}`;
          if (EITHER.includes(place)) continue;
          assert.is(ours[name]?.[path], EMPTY_LISTS.includes(place) ? 'list' : type, place);
        }
      }
    }));

  test('the record is what the installed Buildah 1.28 prints', () =>
    withTempDir(async (directory) => {
      if (process.getuid?.() !== 0) skip('once is enough: as root');
      const version = await run(['buildah', '--version']).catch(() => undefined);
      if (version?.stdout.includes(' 1.28.') !== true) skip('Buildah 1.28 is not installed');
      const places = ['--root', join(directory, 'root'), '--runroot', join(directory, 'run'), '--storage-driver', 'vfs'];
      assert.equal(shapesOf(await session(directory, ['buildah', ...places])), RECORDED);
    }));
});
