import { chmodSync, copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as assert from 'uvu/assert';
import { demand, withDockerRegistry } from '../support/docker-registry.js';
import { skip, suite } from '../support/suite.js';
import { addBusybox, idModeOf, runOk, type TestStore, withTestStore } from '../support/tsbuild.js';

/** A step as `--explain=json` tells it. */
interface Explained {
  readonly instruction: string;
  readonly id: string;
  readonly outcome: string;
  readonly cause?: string;
  readonly differences?: readonly Readonly<Record<string, unknown>>[];
}

/** A context that is built again and again. */
class Project {
  readonly directory: string;
  constructor(readonly store: TestStore) {
    this.directory = join(store.directory, 'project');
    mkdirSync(this.directory);
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    writeFileSync(this.path(path), text);
  }

  path(path: string): string {
    return join(this.directory, path);
  }

  containerfile(...lines: readonly string[]): void {
    this.write('Containerfile', `${lines.join('\n')}\n`);
  }

  /** Builds, and gives the steps that are looked up in the cache. */
  async explain(...flags: readonly string[]): Promise<Explained[]> {
    const { stdout } = await this.store.ok(['build', '--explain=json', '-t', 'app', ...flags, this.directory]);
    return stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Explained)
      .filter(({ outcome }) => outcome === 'hit' || outcome === 'miss');
  }

  /** Builds, and gives `hit` or `miss` by the first words of the instruction. */
  async outcomes(...flags: readonly string[]): Promise<Record<string, string>> {
    return Object.fromEntries((await this.explain(...flags)).map(({ instruction, outcome }) => [instruction, outcome]));
  }
}

async function withProject(body: (project: Project, store: TestStore) => Promise<void>): Promise<void> {
  await withTestStore(async (store) => {
    await addBusybox(store);
    await body(new Project(store), store);
  });
}

const BASE = 'FROM localhost/busybox';
const FIRST_YEAR = new Date('2001-01-01T00:00:00Z');

suite('integration/cache-keys', (test) => {
  test('LABEL, EXPOSE, CMD and HEALTHCHECK re-run nothing', () =>
    withProject(async (project, store) => {
      const build = (number: number) => {
        const metadata = [`LABEL l=${number}`, `EXPOSE ${number}`, `CMD ["${number}"]`, `HEALTHCHECK --retries=${number} CMD true`];
        project.containerfile(BASE, ...metadata, 'COPY Containerfile.ignored* f /', 'RUN echo one > /one', 'WORKDIR /w', ...metadata);
        return project.outcomes();
      };
      project.write('f', 'f');
      const steps = ['COPY Containerfile.ignored* f /', 'RUN echo one > /one', 'WORKDIR /w'];
      project.write('Containerfile.ignored', '');
      assert.equal(await build(1), Object.fromEntries(steps.map((step) => [step, 'miss'])));
      assert.equal(await build(2), Object.fromEntries(steps.map((step) => [step, 'hit'])));
      const { config } = JSON.parse((await store.ok(['inspect', '--type', 'image', 'app'])).stdout).OCIv1;
      assert.equal(config.Cmd, ['2']);
    }));

  test('a source file re-runs only the steps that see it; a RUN with the same result stops it there', () =>
    withProject(async (project) => {
      project.write('seen/a', 'a');
      project.write('other/b', 'b');
      project.containerfile(
        BASE,
        'COPY other /other',
        'RUN cat /other/b > /c',
        'COPY seen /seen',
        'RUN test -s /seen/a && echo there > /there && rm -r /seen',
        'RUN cat /there > /last',
      );
      const [otherCopy, other, seenCopy, seen, last] = Object.keys(await project.outcomes());
      project.write('seen/a', 'changed');
      // The file is gone from the layer of the RUN, but not from that of the COPY below it: what the last RUN stands on has changed.
      assert.equal(await project.outcomes(), {
        [otherCopy!]: 'hit',
        [other!]: 'hit',
        [seenCopy!]: 'miss',
        [seen!]: 'miss',
        [last!]: 'miss',
      });

      project.containerfile(
        `${BASE} AS check`,
        'COPY seen /seen',
        'RUN test -s /seen/a && echo there > /there',
        BASE,
        'COPY --from=check /there /there',
        'RUN cat /there > /last',
      );
      const [copyIn, check, copyOut, end] = Object.keys(await project.outcomes());
      project.write('seen/a', 'changed again');
      assert.equal(await project.outcomes(), { [copyIn!]: 'miss', [check!]: 'miss', [copyOut!]: 'hit', [end!]: 'hit' });
    }));

  test('a RUN that gives the same bytes again stops the rebuild there', () =>
    withProject(async (project) => {
      const build = (comment: string) => {
        project.containerfile(BASE, `RUN echo same > /same # ${comment}`, 'RUN cat /same > /next');
        return project.outcomes();
      };
      await build('one');
      assert.equal(await build('two'), { 'RUN echo same > /same # two': 'miss', 'RUN cat /same > /next': 'hit' });
    }));

  test('times and inodes of the context do not count; modes and contents do', () =>
    withProject(async (project) => {
      project.write('src/a', 'a');
      project.write('src/b', 'b');
      const copy = 'COPY src /src';
      const mount = 'RUN --mount=target=/src,source=src cat /src/* > /all';
      project.containerfile(BASE, copy, mount);
      const all = (outcome: string) => ({ [copy]: outcome, [mount]: outcome });
      assert.equal(await project.outcomes(), all('miss'));
      utimesSync(project.path('src/a'), FIRST_YEAR, FIRST_YEAR);
      utimesSync(project.path('src'), FIRST_YEAR, FIRST_YEAR);
      assert.equal(await project.outcomes(), all('hit'), 'mtime');
      copyFileSync(project.path('src/a'), project.path('copy'));
      renameSync(project.path('copy'), project.path('src/a'));
      assert.equal(await project.outcomes(), all('hit'), 'inode');
      chmodSync(project.path('src/a'), 0o755);
      assert.equal(await project.outcomes(), all('miss'), 'mode');
      project.write('src/b', 'B');
      assert.equal(await project.outcomes(), all('miss'), 'content');
    }));

  test('what is mounted counts by content: of a stage or an image the path that is mounted, and nothing beside it', () =>
    withProject(async (project, store) => {
      const build = (used: string, unused: string) => {
        project.write('used', used);
        project.write('unused', unused);
        project.containerfile(
          `${BASE} AS stage`,
          'COPY used /out/used',
          'COPY unused /unused',
          BASE,
          'RUN --mount=from=stage,source=/out,target=/m cat /m/used > /a',
          'RUN --mount=type=bind,from=localhost/tools,source=/bin/tool,target=/tool cat /tool > /b',
        );
        return project.outcomes();
      };
      const tools = async (tool: string, unused: string) => {
        const directory = join(store.directory, 'tools');
        mkdirSync(directory, { recursive: true });
        const lines = [BASE, `RUN echo ${tool} > /bin/tool`, `RUN echo ${unused} > /unused`];
        writeFileSync(join(directory, 'Containerfile'), `${lines.join('\n')}\n`);
        await store.ok(['build', '-q', '-t', 'tools', directory]);
      };
      await tools('1', '1');
      const [used, unused, fromStage, fromImage] = Object.keys(await build('1', '1'));
      assert.equal(await build('1', '2'), { [used!]: 'hit', [unused!]: 'miss', [fromStage!]: 'hit', [fromImage!]: 'hit' });
      await tools('1', '2');
      assert.equal((await build('1', '2'))[fromImage!], 'hit');
      await tools('2', '2');
      assert.equal((await build('1', '2'))[fromImage!], 'miss');
      assert.equal((await build('2', '2'))[fromStage!], 'miss');
    }));

  test('a cached COPY reads no file of the context', () =>
    withProject(async (project, store) => {
      demand('strace');
      // Elsewhere ids are mapped by setuid programs, which a tracer takes their power from.
      if ((await idModeOf(store)) !== 'root') skip('only root can trace how ids are mapped');
      for (const name of ['one', 'two']) {
        project.write(`src/${name}`, name);
        // A file that was just written is read again: its times could not show another change.
        utimesSync(project.path(`src/${name}`), FIRST_YEAR, FIRST_YEAR);
      }
      project.containerfile(BASE, 'COPY src /src');
      await new Promise((resolve) => setTimeout(resolve, 2100));
      assert.equal(await project.outcomes(), { 'COPY src /src': 'miss' });
      const trace = async (): Promise<string> => {
        const log = join(store.directory, 'strace');
        rmSync(log, { force: true });
        await runOk([
          'strace',
          '-f',
          '-qq',
          '-y',
          '-e',
          'trace=read,pread64,readv,mmap,copy_file_range,sendfile',
          '-o',
          log,
          ...store.argv(['build', '-q', project.directory]),
        ]);
        return readFileSync(log, 'utf8')
          .split('\n')
          .filter((line) => line.includes(`${project.directory}/src/`))
          .join('\n');
      };
      assert.is(await trace(), '');
      project.write('src/two', 'changed');
      assert.match(await trace(), /src\/two/);
    }));

  test('a tag that moved in a registry is noticed as --pull says', () =>
    withDockerRegistry({}, ({ host }) =>
      withProject(async (project, store) => {
        const name = `${host}/base:1`;
        const flags = ['--tls-verify=false'];
        const push = async (text: string) => {
          const directory = join(store.directory, 'moved');
          mkdirSync(directory, { recursive: true });
          writeFileSync(join(directory, 'Containerfile'), `${BASE}\nRUN echo ${text} > /text\n`);
          await store.ok(['build', '-q', '-t', 'moved', directory]);
          await store.ok(['push', '-q', ...flags, 'moved', `docker://${name}`]);
          await store.ok(['rmi', 'moved']);
        };
        const step = 'RUN cat /text > /copy';
        project.containerfile(`FROM ${name}`, step);
        await push('one');
        assert.equal(await project.outcomes(...flags), { [step]: 'miss' });
        await push('two');
        for (const policy of ['missing', 'never'])
          assert.equal(await project.outcomes(...flags, `--pull=${policy}`), { [step]: 'hit' }, policy);
        const [moved] = await project.explain(...flags, '--pull=newer');
        assert.is(moved?.outcome, 'miss');
        assert.equal(
          moved?.differences?.map(({ kind }) => kind),
          ['base-image'],
        );
        await push('three');
        assert.equal(await project.outcomes(...flags, '--pull'), { [step]: 'miss' });
        assert.equal(await project.outcomes(...flags, '--pull=always'), { [step]: 'hit' });
      }),
    ));

  test('--no-cache, --no-cache-filter and --cache-ttl choose what is taken from the cache', () =>
    withProject(async (project) => {
      const [one, two] = ['RUN echo 1 > /one', 'COPY --from=first /one /one'];
      project.containerfile(`${BASE} AS first`, one, `${BASE} AS second`, two);
      await project.outcomes();
      const outcomes = (first: string, second: string) => ({ [one]: first, [two]: second });
      assert.equal(await project.outcomes(), outcomes('hit', 'hit'));
      assert.equal(await project.outcomes('--no-cache'), outcomes('miss', 'miss'));
      assert.equal(await project.outcomes('--no-cache-filter', 'FIRST'), outcomes('miss', 'hit'));
      assert.equal(await project.outcomes('--no-cache-filter', '0,second'), outcomes('miss', 'miss'));
      assert.equal(await project.outcomes('--cache-ttl', '0'), outcomes('miss', 'miss'));
      assert.equal(await project.outcomes('--cache-ttl', '1h'), outcomes('hit', 'hit'));
      const [expired] = await project.explain('--cache-ttl', '1ms');
      assert.equal([expired?.outcome, expired?.cause], ['miss', 'expired']);
      const { stderr } = await project.store.ok(['build', '--no-cache-filter', 'fist', project.directory]);
      assert.match(stderr, /--no-cache-filter: there is no stage "fist"/);
      const wrong = await project.store.tsbuild(['build', '--cache-ttl', '3 days', project.directory]);
      assert.is(wrong.status, 125);
      assert.match(wrong.stderr, /--cache-ttl: time: unknown unit/);
    }));
});
