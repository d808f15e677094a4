// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are in another language
import * as assert from 'uvu/assert';
import {
  type CopyStep,
  DEFAULT_PATH,
  type LoweredStage,
  lowerStage,
  type RunStep,
  resolveStages,
  runEnvironment,
  type StageInput,
} from '../../../../src/builder/graph/index.js';
import type { ContainerConfig } from '../../../../src/image/index.js';
import { ContainerfileSyntaxError, parseContainerfile } from '../../../../src/parser/index.js';
import { suite } from '../../../support/suite.js';

const platform = { os: 'linux', architecture: 'amd64' };

/** Lowers every stage of a file, bases of images being `image`, and gives the last. */
function lower(text: string, image: ContainerConfig = {}, buildArgs: Record<string, string> = {}): LoweredStage {
  const graph = resolveStages(parseContainerfile({ name: 'Containerfile', text }), { platform, buildPlatform: platform, buildArgs });
  const done: LoweredStage[] = [];
  for (const stage of graph.allStages) {
    const parent = stage.base.kind === 'stage' ? done[stage.base.index] : undefined;
    const input: StageInput = parent ?? { config: stage.base.kind === 'scratch' ? {} : image };
    done.push(lowerStage(stage, input));
  }
  return done.at(-1) as LoweredStage;
}

const configOf = (lines: string, image: ContainerConfig = {}, buildArgs = {}): ContainerConfig =>
  lower(`FROM img\n${lines}`, image, buildArgs).config;

function runOf(lines: string, image: ContainerConfig = {}, buildArgs = {}): RunStep {
  const step = lower(`FROM img\n${lines}`, image, buildArgs).steps.findLast(({ kind }) => kind === 'run');
  return step as RunStep;
}

function copyOf(lines: string, image: ContainerConfig = {}): CopyStep {
  return lower(`FROM scratch AS other\nFROM img\n${lines}`, image).steps.findLast(
    ({ kind }) => kind === 'copy' || kind === 'add',
  ) as CopyStep;
}

suite('lowerStage(): configuration', (test) => {
  const path = `PATH=${DEFAULT_PATH}`;
  const rows: readonly (readonly [string, ContainerConfig, Partial<ContainerConfig>])[] = [
    ['', {}, { Env: [path] }],
    ['', { Env: ['PATH=/x'] }, { Env: ['PATH=/x'] }],
    ['', { Env: ['A=1'] }, { Env: [path, 'A=1'] }],
    ['ENV A=2 B="x y"', { Env: ['PATH=/', 'A=1', 'C=3'] }, { Env: ['PATH=/', 'A=2', 'C=3', 'B=x y'] }],
    ['ENV A=new B=$A', { Env: ['PATH=/', 'A=old'] }, { Env: ['PATH=/', 'A=new', 'B=old'] }],
    ['ENV A some "quoted  text" $X', { Env: ['PATH=/'] }, { Env: ['PATH=/', 'A=some quoted  text '] }],
    ['ENV $A=1', { Env: ['PATH=/', 'A=N'] }, { Env: ['PATH=/', 'A=N', 'N=1'] }],
    ['ENV PATH=$PATH:/more', {}, { Env: [`${path}:/more`] }],
    ['LABEL a="1 2" "b c"=3', { Labels: { a: '0', z: '9' } }, { Labels: { a: '1 2', z: '9', 'b c': '3' } }],
    ['CMD echo $X', {}, { Cmd: ['/bin/sh', '-c', 'echo $X'] }],
    ['CMD ["a", "$X"]', {}, { Cmd: ['a', '$X'] }],
    ['CMD one\nCMD two', {}, { Cmd: ['/bin/sh', '-c', 'two'] }],
    [
      'SHELL ["/bin/bash", "-ec"]\nCMD a\nENTRYPOINT b',
      {},
      { Cmd: ['/bin/bash', '-ec', 'a'], Entrypoint: ['/bin/bash', '-ec', 'b'], Shell: ['/bin/bash', '-ec'] },
    ],
    ['CMD a', { Shell: ['/x', '-c'] }, { Cmd: ['/x', '-c', 'a'] }],
    ['ENTRYPOINT ["e"]', { Cmd: ['old'] }, { Entrypoint: ['e'], Cmd: undefined as never }],
    ['CMD ["c"]\nENTRYPOINT ["e"]', { Cmd: ['old'] }, { Entrypoint: ['e'], Cmd: ['c'] }],
    ['CMD []', { Cmd: ['old'] }, { Cmd: [] }],
    [
      'EXPOSE 80 443/TCP 53/udp 127.0.0.1:8000:9000 7-9/sctp [::1]:81:81',
      {},
      {
        ExposedPorts: { '443/tcp': {}, '53/udp': {}, '7/sctp': {}, '8/sctp': {}, '80/tcp': {}, '81/tcp': {}, '9/sctp': {}, '9000/tcp': {} },
      },
    ],
    ['ARG P="80 81"\nEXPOSE $P', {}, { ExposedPorts: { '80/tcp': {}, '81/tcp': {} } }],
    ['VOLUME /a $V ["x"]', { Env: ['PATH=/', 'V=/v'] }, { Volumes: { '/a': {}, '/v': {}, '[x]': {} } }],
    ['VOLUME ["/b c"]', { Volumes: { '/a': {} } }, { Volumes: { '/a': {}, '/b c': {} } }],
    ['USER $U:g', { Env: ['PATH=/', 'U=me'] }, { User: 'me:g' }],
    ['WORKDIR a\nWORKDIR b/../c/', { WorkingDir: '/w' }, { WorkingDir: '/w/a/c' }],
    ['WORKDIR /x/', {}, { WorkingDir: '/x' }],
    ['WORKDIR ..', {}, { WorkingDir: '/' }],
    ['STOPSIGNAL $S', { Env: ['PATH=/', 'S=SIGRTMIN+3'] }, { StopSignal: 'SIGRTMIN+3' }],
    ['STOPSIGNAL 9', {}, { StopSignal: '9' }],
    ['HEALTHCHECK NONE', {}, { Healthcheck: { Test: ['NONE'] } }],
    [
      'HEALTHCHECK --interval=2s --retries=3 --timeout=0 CMD x $y',
      {},
      { Healthcheck: { Test: ['CMD-SHELL', 'x $y'], Interval: 2e9, Retries: 3 } },
    ],
    ['HEALTHCHECK CMD ["x"]', { Healthcheck: { Test: ['NONE'] } }, { Healthcheck: { Test: ['CMD', 'x'] } }],
    ['ONBUILD RUN a $X\nONBUILD COPY <<E /x\nbody\nE', {}, { OnBuild: ['RUN a $X', 'COPY <<E /x\nbody\nE'] }],
    ['ARG A=1\nENV B=$A', { Env: ['PATH=/'] }, { Env: ['PATH=/', 'B=1'] }],
    ['MAINTAINER me', { User: 'u' }, { User: 'u' }],
  ];
  for (const [lines, image, expected] of rows) {
    test(JSON.stringify(lines), () => {
      const before = structuredClone(image);
      const config = configOf(lines, image);
      for (const [key, value] of Object.entries(expected)) assert.equal(config[key as keyof ContainerConfig], value, key);
      assert.equal(image, before, 'the configuration given is never changed');
    });
  }

  test('MAINTAINER is the author; a base stage passes its own on', () => {
    assert.is(lower('FROM scratch AS a\nMAINTAINER Jo  <j>\nFROM a').author, 'Jo  <j>');
  });
  test('each step carries the configuration before and after it', () => {
    const { steps, start, config } = lower('FROM scratch\nUSER a\nRUN x\nUSER b');
    assert.equal(
      steps.map(({ before, after }) => [before.User, after.User]),
      [
        [undefined, 'a'],
        ['a', 'a'],
        ['a', 'b'],
      ],
    );
    assert.is(steps[0]?.before, start);
    assert.is(steps.at(-1)?.after, config);
  });
});

suite('lowerStage(): ARG and the environment of RUN', (test) => {
  const argsOf = (step: RunStep): Record<string, string> => Object.fromEntries(step.args);

  test('an ARG is seen from its line on, in the process and not in the image', () => {
    const { steps, config } = lower('FROM scratch\nRUN a\nARG A=1\nRUN b');
    assert.equal(
      steps.filter((step) => step.kind === 'run').map((step) => step.args),
      [[], [['A', '1']]],
    );
    assert.equal(config.Env, [`PATH=${DEFAULT_PATH}`]);
  });
  test('build argument > own default > global value; without any it stays unset', () => {
    const text = 'ARG G=global\nARG H=global\nARG I=global\nFROM img\nARG G H=own I=own\nARG NONE\nRUN x';
    const step = lower(text, {}, { I: 'given' }).steps.at(-1) as RunStep;
    assert.equal(argsOf(step), { G: 'global', H: 'own', I: 'given' });
  });
  test('global and automatic ARGs need a declaration in the stage', () => {
    assert.equal(argsOf(runOf('RUN x')), {});
    assert.equal(argsOf(runOf('ARG TARGETARCH\nARG TARGETSTAGE\nRUN x')), { TARGETARCH: 'amd64', TARGETSTAGE: 'default' });
  });
  test('later defaults use earlier ARGs and ENVs', () => {
    assert.equal(argsOf(runOf('ARG A=1\nENV E=2\nARG B=$A$E C=${B}x\nRUN x')), { A: '1', B: '12', C: '12x' });
  });
  test('ENV wins over ARG whichever comes first', () => {
    for (const lines of ['ENV A=env\nARG A=arg\nRUN x', 'ARG A=arg\nENV A=env\nRUN x']) {
      const step = runOf(lines, { Env: ['PATH=/'] });
      assert.equal(step.args, []);
      assert.equal(runEnvironment(step), ['PATH=/', 'A=env']);
    }
    assert.is(configOf('ENV A=env\nARG A=arg\nUSER $A').User, 'env');
  });
  test('a stage based on another inherits its ARGs, an unrelated one does not', () => {
    const text = 'FROM scratch AS a\nARG A=1\nFROM scratch AS b\nRUN x\nFROM a\nRUN x';
    assert.equal(argsOf(lower(text).steps.at(-1) as RunStep), { A: '1' });
    assert.equal(argsOf(lower(text.slice(0, text.indexOf('\nFROM a\n'))).steps.at(-1) as RunStep), {});
  });
  test('proxies come without ARG, in both spellings, apart from the args', () => {
    const step = runOf('RUN x', { Env: ['PATH=/'] }, { Http_Proxy: 'p', UNUSED: '1' });
    assert.equal(step.args, []);
    assert.equal(runEnvironment(step), ['HTTP_PROXY=p', 'http_proxy=p', 'PATH=/']);
    assert.is(step.createdBy, 'RUN /bin/sh -c x # buildkit');
  });
});

suite('lowerStage(): RUN', (test) => {
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['RUN echo $HOME', ['/bin/sh', '-c', 'echo $HOME']],
    ['RUN ["a", "$B"]', ['a', '$B']],
    ['SHELL ["/bin/bash","-c"]\nRUN x', ['/bin/bash', '-c', 'x']],
    ['RUN', ['/bin/sh', '-c']],
    ['RUN []', ['/bin/sh', '-c']],
    ['RUN <<E\necho 1\n  # two\nE', ['/bin/sh', '-c', 'echo 1\n  # two\n']],
    ['RUN <<-E\n\techo 1\n\tE', ['/bin/sh', '-c', 'echo 1\n']],
    ['RUN cat <<E >x\n$a\nE', ['/bin/sh', '-c', 'cat <<E >x\n$a\nE']],
    ['RUN <<A cat && <<-"B" cat\n1\nA\n\t2\n\tB', ['/bin/sh', '-c', '<<A cat && <<-"B" cat\n1\nA\n\t2\nB']],
    ['RUN <<E python3\nprint()\nE', ['/bin/sh', '-c', '<<E python3\nprint()\nE']],
  ];
  for (const [lines, argv] of rows) test(JSON.stringify(lines), () => assert.equal(runOf(lines).argv, argv));

  test('a heredoc that begins with #! is a script of its own', () => {
    const step = runOf('RUN <<-"E F"\n\t#!/usr/bin/env python3\n\tprint()\n\tE F');
    assert.equal(step.argv, ['/bin/sh', '-c', '/dev/pipes/E F']);
    assert.equal(step.script, { path: '/dev/pipes/E F', content: '#!/usr/bin/env python3\nprint()\n', modeBits: 0o755 });
  });
  test('user, directory, network, security', () => {
    const step = runOf('USER u\nWORKDIR a\nRUN --network=none --security=insecure --device=v/c=1 x');
    assert.equal([step.user, step.workingDirectory, step.network, step.security], ['u', '/a', 'none', 'insecure']);
    assert.equal(step.devices, [{ name: 'v/c=1', required: false }]);
    assert.equal([runOf('RUN x').network, runOf('RUN x').workingDirectory], ['default', '/']);
  });
  test('mounts: variables, targets from the working directory, sources resolved', () => {
    const text = [
      'FROM scratch AS lib',
      'FROM scratch',
      'ARG N=k',
      'WORKDIR /w',
      'RUN --mount=type=cache,target=$N/../c --mount=target=x,from=lib --mount=target=/y --mount=from=img:1,target=/z --mount=type=secret,id=$N a',
    ].join('\n');
    const { steps, dependencies } = lower(text);
    const { mounts } = steps.at(-1) as RunStep;
    assert.equal(
      mounts.map(({ mount, source }) => [mount.type, mount.target, source?.kind]),
      [
        ['cache', '/w/c', undefined],
        ['bind', '/w/x', 'stage'],
        ['bind', '/y', 'build-context'],
        ['bind', '/z', 'image'],
        ['secret', '/run/secrets/k', undefined],
      ],
    );
    assert.is(mounts[0]?.mount.type === 'cache' && mounts[0].mount.id, '/w/c');
    assert.equal(dependencies, [0]);
  });
});

suite('lowerStage(): COPY and ADD', (test) => {
  const destinations: readonly (readonly [string, string])[] = [
    ['/x', '/x'],
    ['/x/', '/x/'],
    ['x', '/w/x'],
    ['x/', '/w/x/'],
    ['.', '/w/'],
    ['./', '/w/'],
    ['..', '/'],
    ['/', '/'],
    ['a/../b', '/w/b'],
    ['/a/.', '/a/'],
    ['../../../x', '/x'],
    ['$D/', '/d/'],
  ];
  for (const [written, expected] of destinations) {
    test(`destination ${written}`, () => assert.is(copyOf(`ENV D=/d\nCOPY a ${written}`, { WorkingDir: '/w' }).destination, expected));
  }

  test('sources, --chown and --chmod are expanded, --exclude is not', () => {
    const step = copyOf('ARG A=x M=644\nCOPY --chown=$A:$A --chmod=$M --exclude=$A $A/* "q" /d');
    assert.equal(
      step.sources.map((source) => source.kind === 'path' && source.path),
      ['x/*', 'q'],
    );
    assert.equal([step.chown, step.chmod, step.exclude], ['x:x', '644', ['$A']]);
    assert.equal(step.from, { kind: 'build-context' });
  });
  test('heredocs are files, expanded unless their delimiter is quoted', () => {
    const step = copyOf('ENV A=1\nCOPY <<a.txt <<-"b" /d/\n$A "q" \\$A\na.txt\n\t$A\n\tb');
    assert.equal(step.sources, [
      { kind: 'text', name: 'a.txt', content: '1 "q" $A\n' },
      { kind: 'text', name: 'b', content: '$A\n' },
    ]);
  });
  test('--from: stage by name and number, image', () => {
    assert.equal(copyOf('COPY --from=OTHER a b').from, { kind: 'stage', index: 0 });
    assert.equal(copyOf('COPY --from=0 a b').from, { kind: 'stage', index: 0 });
    assert.equal(copyOf('COPY --from=img:1 https://x/y b').from, { kind: 'image', reference: 'img:1' });
  });
  test('ADD tells URLs and repositories from paths', () => {
    const step = copyOf('ADD a https://x/y.tar http://x/r.git#main:sub git@h:r.git ssh://h/r https://x/y.git?ref=v1 /d/');
    assert.equal(
      step.sources.map(({ kind }) => kind),
      ['path', 'url', 'git', 'git', 'git', 'git'],
    );
  });

  const bad: readonly (readonly [string, string])[] = [
    ['COPY https://x/y z', "source can't be a URL for COPY"],
    ['COPY https://x/y.git z', "source can't be a git ref for COPY"],
    ['ADD --checksum=sha256:00 a b', 'checksum requires HTTP(S) or Git sources'],
    ['ADD --checksum=sha256:00 https://a https://b c/', "checksum can't be specified for multiple sources"],
    ['COPY --chown=: a b', "invalid chown parameter: ':'"],
    ['COPY --chown=$X:$Y a b', "invalid chown parameter: ':'"],
    ['COPY --chmod=8 a b', "invalid chmod parameter: '8'. it should be octal string and between 0 and 07777"],
    ['COPY --chmod=17777 a b', "invalid chmod parameter: '17777'. it should be octal string and between 0 and 07777"],
    ['STOPSIGNAL SIGNONE', 'invalid signal: SIGNONE'],
    ['EXPOSE x', 'invalid containerPort: x'],
    ['EXPOSE 80/foo', 'invalid proto: foo'],
    ['EXPOSE 70000', 'invalid containerPort: 70000'],
    ['EXPOSE 9-8', 'invalid containerPort: 9-8'],
    ['EXPOSE y:80', 'invalid hostPort: y'],
    ['EXPOSE 1.2.3:80:80', 'invalid IP address: 1.2.3'],
    ['EXPOSE 1.2.3.256:80:80', 'invalid IP address: 1.2.3.256'],
    ['EXPOSE [::g]:80:80', 'invalid IP address: ::g'],
    ['EXPOSE /tcp', 'invalid port: "/tcp"'],
    ['RUN --mount=type=cache,target=/ x', 'invalid mount target "/"'],
    ['RUN --mount=type=$T,target=/x y', 'unsupported mount type ""'],
    ['ENV $X=1', 'ENV names can not be blank'],
    ['USER ${X:?who}', 'failed to process "${X:?who}": X: who'],
    ['WORKDIR "a', 'failed to process "\\"a": unexpected end of statement while looking for matching double-quote'],
    ['VOLUME $X', 'VOLUME specified can not be an empty string'],
  ];
  for (const [line, problem] of bad) {
    test(`refuses ${line}`, () => {
      try {
        lower(`FROM scratch\n\n${line}`);
      } catch (error) {
        assert.instance(error, ContainerfileSyntaxError);
        assert.equal([(error as ContainerfileSyntaxError).line, (error as ContainerfileSyntaxError).problem], [3, problem]);
        return;
      }
      assert.unreachable('no error');
    });
  }
  for (const chmod of ['0', '755', '0755', '7777', '07777', 'u=rwX,go=rX', '+x', 'g=u', 'a-w', 'u+s,g-s', '=']) {
    test(`accepts --chmod=${chmod}`, () => assert.is(copyOf(`COPY --chmod=${chmod} a b`).chmod, chmod));
  }
});

suite('lowerStage(): ONBUILD', (test) => {
  test('triggers of the base run first, are cleared, and see its environment', () => {
    const { steps, config } = lower('FROM img\nRUN own', { Env: ['PATH=/', 'D=/d'], OnBuild: ['COPY . $D', 'RUN t'] });
    assert.equal(
      steps.map(({ display, triggered }) => [display, triggered]),
      [
        ['COPY . $D', true],
        ['RUN t', true],
        ['RUN own', false],
      ],
    );
    assert.is(steps[0]?.kind === 'copy' && steps[0].destination, '/d');
    assert.is(config.OnBuild, undefined);
  });
  test('a stage of the same file has its triggers run in the stage based on it, once', () => {
    const text = 'FROM scratch AS a\nONBUILD RUN t\nFROM a AS b\nFROM b\nRUN x';
    assert.equal(
      lower(text).steps.map(({ display }) => display),
      ['RUN x'],
    );
  });
  test('a trigger of an image may call for a stage of this file', () => {
    assert.equal(lower('FROM scratch AS lib\nFROM img', { OnBuild: ['COPY --from=lib a b'] }).dependencies, [0]);
  });
  test('a trigger that is no instruction is told with the name of the image', () => {
    try {
      lower('FROM img', { OnBuild: ['FOO'] });
    } catch (error) {
      assert.is((error as Error).message, 'ONBUILD of img:1: unknown instruction: FOO');
      return;
    }
    assert.unreachable('no error');
  });
});

// Each line as BuildKit 0.32 writes it: dockerfile2llb/convert.go, convert_copy.go, convert_expose.go.
suite('history', (test) => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['ENV X=y\nENV a=b  c=$X d="e f"', 'ENV a=b c=y d=e f'],
    ['env a  b c', 'ENV a=b c'],
    ['LABEL a=b "c d"=e', 'LABEL a=b c d=e'],
    ['ARG A=1', 'ARG A=1'],
    ['ARG A=1 B C=$A', 'ARG A=1 B C=1'],
    ['ARG GIVEN=default', 'ARG GIVEN'],
    ['RUN true', 'RUN /bin/sh -c true # buildkit'],
    ['run  echo   x', 'RUN /bin/sh -c echo   x # buildkit'],
    ['RUN ["a", "b c"]', 'RUN a b c # buildkit'],
    ['SHELL ["/bin/bash", "-ec"]\nRUN x', 'RUN /bin/bash -ec x # buildkit'],
    ['ARG B=2 A=1 C\nENV A=3\nRUN x', 'RUN |3 B=2 A=3 C= /bin/sh -c x # buildkit'],
    ['ARG GIVEN\nRUN x', 'RUN |1 GIVEN=value /bin/sh -c x # buildkit'],
    ['RUN <<E\na\nb\nE', 'RUN /bin/sh -c a\nb\n # buildkit'],
    ['RUN cat <<E\na\nE', 'RUN /bin/sh -c cat <<E\na\nE # buildkit'],
    ['RUN --mount=target=/x --network=none x', 'RUN /bin/sh -c x # buildkit'],
    ['COPY a b /x/', 'COPY a b /x/ # buildkit'],
    ['ENV D=x\ncopy --link --chown=1:2 --chmod=644 --parents a $D/', 'COPY --parents --chown=1:2 --chmod=644 a x/ # buildkit'],
    ['COPY a <<E b /x/\nt\nE', 'COPY a b <<E /x/ # buildkit'],
    ['ADD https://example.com/a /x', 'ADD https://example.com/a /x # buildkit'],
    ['WORKDIR x', 'WORKDIR /x'],
    ['WORKDIR /', 'WORKDIR /'],
    ['CMD ["a", "b \\"c\\" \\t"]', 'CMD ["a" "b \\"c\\" \\t"]'],
    ['CMD a b', 'CMD ["/bin/sh" "-c" "a b"]'],
    ['ENTRYPOINT ["\\u0007\\u001b"]', 'ENTRYPOINT ["\\a\\x1b"]'],
    ['EXPOSE 80 90-91/udp', 'EXPOSE [80/tcp 90/udp 91/udp]'],
    ['VOLUME /a /b', 'VOLUME [/a /b]'],
    ['SHELL ["a", "b"]', 'SHELL [a b]'],
    ['USER me:us', 'USER me:us'],
    ['STOPSIGNAL SIGQUIT', 'STOPSIGNAL SIGQUIT'],
    ['MAINTAINER A B', 'MAINTAINER A B'],
    ['ONBUILD RUN x', undefined],
    ['HEALTHCHECK NONE', 'HEALTHCHECK {Test:[NONE] Interval:0s Timeout:0s StartPeriod:0s StartInterval:0s Retries:0}'],
    [
      'HEALTHCHECK --interval=90s --timeout=1.5s --start-period=1h --start-interval=250ms --retries=3 CMD curl x',
      'HEALTHCHECK {Test:[CMD-SHELL curl x] Interval:1m30s Timeout:1.5s StartPeriod:1h0m0s StartInterval:250ms Retries:3}',
    ],
  ];
  for (const [lines, expected] of rows) {
    test(JSON.stringify(lines), () => {
      const step = lower(`FROM scratch\n${lines}`, {}, { GIVEN: 'value' }).steps.at(-1);
      if (step === undefined) throw new Error('no step');
      assert.is(step.createdBy, expected);
    });
  }
});
