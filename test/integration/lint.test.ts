// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are in another language
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { withDockerRegistry } from '../support/docker-registry.js';
import { suite } from '../support/suite.js';
import { type TestStore, withTestStore } from '../support/tsbuild.js';

const BAD = 'FROM scratch AS Base\nENV a b\nCOPY file.txt /\n';

function writeContext(store: TestStore, files: Readonly<Record<string, string>>): string {
  return writeContextNamed(store, 'context', files);
}

function writeContextNamed(store: TestStore, name: string, files: Readonly<Record<string, string>>): string {
  const directory = join(store.directory, name);
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return directory;
}

suite('tsbuild lint', (test) => {
  test('shows findings with their lines, and ends with status 1', async () => {
    await withTestStore(async (store) => {
      const context = writeContext(store, { Containerfile: BAD });
      const result = await store.tsbuild(['lint'], { cwd: context });
      assert.is(result.status, 1);
      assert.is(result.stderr, '');
      assert.is(
        result.stdout,
        [
          'Check complete, 2 warnings have been found!',
          '',
          'WARNING: StageNameCasing - https://docs.docker.com/go/dockerfile/rule/stage-name-casing/',
          "Stage name 'Base' should be lowercase",
          'Containerfile:1:17',
          '>> 1 | FROM scratch AS Base',
          '     |                 ^',
          '',
          'WARNING: LegacyKeyValueFormat - https://docs.docker.com/go/dockerfile/rule/legacy-key-value-format/',
          '"ENV key=value" should be used instead of legacy "ENV key value" format',
          'Containerfile:2:1',
          '   1 | FROM scratch AS Base',
          '>> 2 | ENV a b',
          '     | ^',
          '',
        ].join('\n'),
      );
    });
  });

  test('says so when there is nothing to say, with status 0', async () => {
    await withTestStore(async (store) => {
      const context = writeContext(store, { Containerfile: 'FROM scratch\n' });
      const result = await store.ok(['lint', join(context, 'Containerfile')]);
      assert.is(result.stdout, 'Check complete, no warnings found.\n');
    });
  });

  test('--format github names file, line and rule of findings and mistakes', async () => {
    await withTestStore(async (store) => {
      const stdin = 'FROM scratch AS Base\nCPOY 100% /\nRUN <<EOF\n';
      const result = await store.tsbuild(['lint', '--format', 'github', '-'], { stdin, cwd: store.directory });
      assert.is(result.status, 1);
      assert.equal(result.stdout.split('\n'), [
        "::warning file=standard input,line=1,endLine=1,col=17,title=StageNameCasing::Stage name 'Base' should be lowercase",
        '::error file=standard input,line=2,endLine=2,col=1::unknown instruction: CPOY%0ADid you mean COPY?',
        '::error file=standard input,line=3,endLine=3,col=5::unterminated heredoc%0ANo line holds just "EOF", which would end it.',
        '',
      ]);
    });
  });

  test('--format json has the fields of BuildKit', async () => {
    await withTestStore(async (store) => {
      const context = writeContext(store, { Containerfile: `${BAD}EXPOSE 99999\n` });
      const result = await store.tsbuild(['lint', '--format=json'], { cwd: context });
      const { warnings, sources, buildError } = JSON.parse(result.stdout);
      assert.is(warnings[0].ruleName, 'StageNameCasing');
      assert.is(warnings[0].detail, "Stage name 'Base' should be lowercase");
      assert.equal(warnings[0].location.ranges, [{ start: { line: 1 }, end: { line: 1 } }]);
      assert.is(Buffer.from(sources[0].data, 'base64').toString(), `${BAD}EXPOSE 99999\n`);
      assert.is(buildError.message, 'invalid containerPort: 99999');
      assert.equal(buildError.location.position, { line: 4, character: 7 });
    });
  });

  test('knows the ignore file beside the Containerfile', async () => {
    await withTestStore(async (store) => {
      const context = writeContext(store, { Containerfile: 'FROM scratch\nCOPY file.txt /\n', '.dockerignore': '*.txt\n' });
      const result = await store.tsbuild(['lint', 'Containerfile'], { cwd: context });
      assert.match(result.stdout, /WARNING: CopyIgnoredFile .*\nAttempting to Copy file "file.txt" that is excluded by .dockerignore/);
    });
  });

  test('tells mistakes of several stages together, each at its word', async () => {
    await withTestStore(async (store) => {
      const text =
        'FROM scratch AS a\nEXPOSE 80 x1\nSTOPSIGNAL SIGNOPE\nFROM scratch\nCOPY --chmod=9 a b\nCOPY --from=2 a b\nUSER ${A:?set A}\n';
      const context = writeContext(store, { Containerfile: text });
      const places = async () => {
        const { stdout } = await store.tsbuild(['lint', '--format=json'], { cwd: context });
        return (JSON.parse(stdout).errors as { message: string; location: { position: { line: number; character: number } } }[]).map(
          ({ message, location: { position } }) => `${position.line}:${position.character + 1} ${message}`,
        );
      };
      assert.equal(await places(), ['6:13 invalid stage index 2']);
      writeContext(store, { Containerfile: text.replace('--from=2', '--from=0') });
      assert.equal(await places(), [
        '2:11 invalid containerPort: x1',
        '3:12 invalid signal: SIGNOPE',
        "5:14 invalid chmod parameter: '9'. it should be octal string and between 0 and 07777",
        '7:6 failed to process "${A:?set A}": A: set A',
      ]);
    });
  });

  test('--ast prints the syntax, of a file with mistakes too', async () => {
    await withTestStore(async (store) => {
      const stdin =
        '# escape=`\nfrom --platform=$X scratch as A\nRUN --mount=type=cache,target=/c <<-\'E\' cat && x\n\tbody\n\tE\nCMD ["a", "b c"]\nFOO x\n';
      const result = await store.tsbuild(['lint', '--ast', '-'], { stdin, cwd: store.directory });
      assert.is(result.status, 1);
      const { version, directives, instructions, errors } = JSON.parse(result.stdout);
      assert.is(version, 1);
      assert.equal(directives, { escape: '`' });
      assert.equal(instructions.slice(0, 2), [
        {
          keyword: 'from',
          startLine: 2,
          endLine: 2,
          comments: [],
          flags: [{ name: 'platform', value: '$X' }],
          arguments: { form: 'words', values: ['scratch', 'as', 'A'] },
          heredocs: [],
        },
        {
          keyword: 'RUN',
          startLine: 3,
          endLine: 5,
          comments: [],
          flags: [{ name: 'mount', value: 'type=cache,target=/c' }],
          arguments: { form: 'text', value: "<<-'E' cat && x" },
          heredocs: [{ name: 'E', fd: 0, expand: false, chomp: true, content: '\tbody\n' }],
        },
      ]);
      assert.equal(instructions[2].arguments, { form: 'json', values: ['a', 'b c'] });
      const [{ hint, ...error }] = errors;
      assert.equal(error, { line: 7, column: 1, endLine: 7, message: 'unknown instruction: FOO' });
      assert.match(hint, /^An instruction is ADD, ARG, .* or WORKDIR$/);
    });
  });
});

suite('tsbuild build --check and --call', (test) => {
  test('--check looks at every stage and builds none', async () => {
    await withTestStore(async (store) => {
      const context = writeContext(store, { Containerfile: 'FROM scratch AS a\nENV a b\nFROM scratch\nCOPY missing /\n' });
      const result = await store.tsbuild(['build', '--check', '-t', 'app', context]);
      assert.is(result.status, 1);
      assert.match(result.stdout, /^Check complete, 1 warning has been found!\n\nWARNING: LegacyKeyValueFormat/);
      assert.is((await store.ok(['images', '-q'])).stdout, '');
    });
  });

  test('--check --target looks at that stage and what it needs', async () => {
    await withTestStore(async (store) => {
      const context = writeContext(store, { Containerfile: 'FROM scratch AS a\nENV a b\nFROM scratch AS b\nENV c d\n' });
      const result = await store.tsbuild(['build', '--call=check', '--target=a', context]);
      assert.match(result.stdout, /Containerfile:2:1/);
      assert.not.match(result.stdout, /Containerfile:4:1/);
    });
  });

  test('variables of a base image of the store are known', async () => {
    await withTestStore(async (store) => {
      const base = writeContext(store, { Containerfile: 'FROM scratch\nENV LANG=C\nSHELL ["/bin/bash", "-c"]\n' });
      await store.ok(['build', '-q', '-t', 'base', base]);
      const context = writeContext(store, { Containerfile: 'FROM localhost/base\nWORKDIR /$LANG/$LONG\nCMD x\n' });
      const { stdout } = await store.tsbuild(['lint'], { cwd: context });
      assert.match(stdout, /1 warning has been found/);
      assert.match(stdout, /Usage of undefined variable '\$LONG' \(did you mean \$LANG\?\)/);
    });
  });

  test('--call=outline and targets show arguments, secrets and stages with their comments', async () => {
    await withTestStore(async (store) => {
      const text = [
        '# VERSION of the release',
        'ARG VERSION=1.2',
        'ARG UNUSED=x',
        'ARG IMAGE=scratch',
        '# tools compiles them',
        'FROM ${IMAGE} AS tools',
        'ARG VERSION',
        'RUN --mount=type=secret,id=token,required --mount=type=cache,target=/c --mount=type=ssh true',
        '# app is shipped',
        'FROM scratch AS app',
        '# LEVEL of detail',
        'ARG LEVEL=3',
        'COPY --from=tools /a /',
        '',
      ].join('\n');
      const context = writeContext(store, { Containerfile: text });
      const outline = await store.ok(['build', '--call=outline', '--build-arg=LEVEL=5', context]);
      assert.is(
        outline.stdout,
        [
          'TARGET: app',
          'DESCRIPTION: is shipped',
          '',
          'BUILD ARG   VALUE     DESCRIPTION',
          'VERSION     1.2       of the release',
          'IMAGE       scratch   ',
          'LEVEL       5         of detail',
          '',
          'SECRET   REQUIRED',
          'token    true',
          '',
          'SSH       REQUIRED',
          'default   ',
          '',
          'CACHE MOUNT',
          '/c',
          '',
        ].join('\n'),
      );
      const targets = JSON.parse((await store.ok(['build', '--call=targets,format=json', context])).stdout);
      assert.equal(targets, {
        targets: [
          { name: 'tools', description: 'compiles them', default: false, base: '${IMAGE}', line: 6 },
          { name: 'app', description: 'is shipped', default: true, base: 'scratch', line: 10 },
        ],
      });
    });
  });

  test('what a build would fetch is looked at too: standard input, URLs, .in files, named contexts, images of a registry', async () => {
    await withTestStore(async (store) => {
      const context = writeContext(store, {
        Containerfile: 'FROM base\nRUN echo $LONG\nWORKDIR /$LANG/$LONG\n',
        'Containerfile.in': '#define WHO nobody\nFROM scratch AS WHO_STAGE\nMAINTAINER WHO\n',
        base: '',
      });
      const rules = async (args: readonly string[], options: { stdin?: string | Buffer } = {}): Promise<readonly string[]> => {
        const { stdout, stderr } = await store.tsbuild(['build', '--call=check,format=json', ...args], options);
        assert.is(stderr, '');
        return (JSON.parse(stdout) as { warnings: { ruleName: string }[] }).warnings.map(({ ruleName }) => ruleName);
      };
      const tar = execFileSync('tar', ['-C', context, '-czf', '-', '.']);
      assert.equal(await rules(['-'], { stdin: 'FROM scratch AS A\n' }), ['StageNameCasing']);
      assert.equal(await rules(['-f', 'Containerfile.in', context]), ['StageNameCasing', 'MaintainerDeprecated']);
      // A directory has no variables; an image has its own.
      assert.equal(await rules(['--build-context', `base=${context}`, context]), ['UndefinedVar', 'UndefinedVar']);
      assert.equal(await rules(['--build-context', `base=${context}`, '-'], { stdin: tar }), ['UndefinedVar', 'UndefinedVar']);
      await withDockerRegistry({}, async ({ host }) => {
        const image = writeContextNamed(store, 'image', { Containerfile: 'FROM scratch\nENV LANG=C LONG=x\n' });
        await store.ok(['build', '-q', '-t', 'base', image]);
        await store.ok(['push', '-q', '--tls-verify=false', 'base', `docker://${host}/base:1`]);
        await store.ok(['rmi', 'base']);
        const named = ['--tls-verify=false', '--build-context', `base=docker-image://${host}/base:1`, context];
        assert.equal(await rules(named), []);
        writeContext(store, { Containerfile: `FROM ${host}/base:1\nWORKDIR /$LANG/$LUNG\n` });
        assert.equal(await rules(['--tls-verify=false', context]), ['UndefinedVar']);
        assert.is((await store.ok(['images', '-q'])).stdout, '');
      });
    });
  });

  test('an unknown call is refused', async () => {
    await withTestStore(async (store) => {
      const result = await store.tsbuild(['build', '--call=nothing', store.directory]);
      assert.is(result.status, 125);
      assert.match(result.stderr, /invalid argument "nothing" for "--call" flag\nIt is check, outline or targets/);
    });
  });
});

suite('checks in a build', (test) => {
  test('findings are told on standard error, also when everything comes from the cache', async () => {
    await withTestStore(async (store) => {
      const context = writeContext(store, { Containerfile: BAD, 'file.txt': 'x' });
      const expected = [
        '',
        ' 2 warnings found (tsbuild build --check shows more):',
        " - StageNameCasing: Stage name 'Base' should be lowercase (line 1)",
        ' - LegacyKeyValueFormat: "ENV key=value" should be used instead of legacy "ENV key value" format (line 2)',
        '',
      ].join('\n');
      for (let round = 0; round < 2; round++) {
        const { stderr } = await store.ok(['build', context]);
        assert.is(stderr.slice(stderr.indexOf('\n 2 warnings')), expected);
      }
      assert.not.match((await store.ok(['build', '-q', context])).stderr, /warnings found/);
    });
  });

  test('error=true in the file fails the build before anything is built', async () => {
    await withTestStore(async (store) => {
      const context = writeContext(store, { Containerfile: `# check=error=true\n${BAD}`, 'file.txt': 'x' });
      const result = await store.tsbuild(['build', context]);
      assert.is(result.status, 125);
      assert.match(result.stderr, /Error: lint violation found for rules: StageNameCasing, LegacyKeyValueFormat\n/);
      assert.not.match(result.stdout, /STEP/);
      await store.ok(['build', '--build-arg', 'BUILDKIT_DOCKERFILE_CHECK=skip=all', context]);
    });
  });

  test('error=true above an instruction fails the build for findings there alone', async () => {
    await withTestStore(async (store) => {
      const text = (first: string, second: string) => `FROM scratch\n${first}ENV a b\n${second}ENV c=d\n`;
      const demand = '# check=error=true\n';
      const context = writeContext(store, { Containerfile: text(demand, '') });
      const result = await store.tsbuild(['build', context]);
      assert.is(result.status, 125);
      assert.match(result.stderr, /lint violation found for rules: LegacyKeyValueFormat\n/);
      assert.not.match(result.stdout, /STEP/);
      writeContext(store, { Containerfile: text('', demand) });
      assert.match((await store.ok(['build', context])).stderr, /1 warning found/);
    });
  });

  test('options of # check= that cannot be read are an error at their place', async () => {
    await withTestStore(async (store) => {
      const context = writeContext(store, { Containerfile: `# check=skp=A\n${BAD}`, 'file.txt': 'x' });
      const result = await store.tsbuild(['build', context]);
      assert.is(result.status, 125);
      assert.match(result.stderr, /Containerfile:1:1: failed to parse check options: invalid check option "skp"\n>> 1 \| # check=skp=A/);
    });
  });

  test('--build-arg-file: comments and blank lines are left out, --build-arg wins', async () => {
    await withTestStore(async (store) => {
      const text = 'FROM scratch\nARG A\nARG B\nARG C=own\nLABEL a="$A" b="$B" c="$C"\n';
      const context = writeContext(store, { Containerfile: text, args: '# first\nA=1 2\n\nB=file\nFROM_ENV\nC\n' });
      const args = ['--build-arg-file', join(context, 'args'), '--build-arg', 'B=flag'];
      const result = await store.ok(['build', '-t', 'app', ...args, context], { env: { FROM_ENV: 'x', C: undefined } });
      assert.match(result.stderr, /one or more build args were not consumed: \[FROM_ENV\]/);
      const labels = JSON.parse(
        (await store.ok(['inspect', '--type', 'image', '--format', '{{json .OCIv1.Config.Labels}}', 'app'])).stdout,
      );
      assert.equal([labels.a, labels.b, labels.c], ['1 2', 'flag', 'own']);
      const missing = await store.tsbuild(['build', '--build-arg-file', '/nowhere/args', context]);
      assert.match(missing.stderr, /--build-arg-file: cannot read "\/nowhere\/args"/);
    });
  });
});
