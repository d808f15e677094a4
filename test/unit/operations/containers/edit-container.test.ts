import * as assert from 'uvu/assert';
import { type ContainerEdits, editContainer } from '../../../../src/operations/containers/edit-container.js';
import type { ContainerRecord } from '../../../../src/store/index.js';
import { suite } from '../../../support/suite.js';

const RECORD: ContainerRecord = {
  id: '0'.repeat(64),
  name: 'c',
  createdAt: '2026-01-01T00:00:00Z',
  diffIds: [],
  format: 'oci',
  config: {
    architecture: 'amd64',
    os: 'linux',
    config: { Env: ['PATH=/bin'], Cmd: ['/bin/sh'] },
    rootfs: { type: 'layers', diff_ids: [] },
  },
};

function edit(...steps: readonly ContainerEdits[]): { record: ContainerRecord; warnings: string[] } {
  const warnings: string[] = [];
  const surroundings = {
    environment: { D: '/here' },
    warn: (text: string) => warnings.push(text),
    now: '2026-01-02T00:00:00Z',
    addHistory: true,
  };
  return { record: steps.reduce((record, edits) => editContainer(record, edits, surroundings), RECORD), warnings };
}

const history = (record: ContainerRecord): string[] =>
  (record.addedHistory ?? []).map((entry) => entry.created_by!.replace('/bin/sh -c #(nop) ', ''));

// Expectations are what Debian's buildah 1.28 has in .OCIv1.config, or in .Docker.config where OCI's has no such field.
suite('editContainer', (test) => {
  const cases: readonly (readonly [title: string, edits: readonly ContainerEdits[], config: object])[] = [
    ['--env sets, empties, and takes from the environment', [{ env: ['A=b', 'C=', 'D'] }], { Env: ['PATH=/bin', 'A=b', 'C=', 'D=/here'] }],
    ['--env NAME- takes away', [{ env: ['A=b'] }, { env: ['A-'] }], { Env: ['PATH=/bin'] }],
    [
      "--env expands the container's own variables",
      [{ env: ['X=$PATH:/y', ['Y=', '{PATH}z'].join('$')] }],
      { Env: ['PATH=/bin', 'X=/bin:/y', 'Y=/binz'] },
    ],
    ['--cmd splits words', [{ cmd: '/bin/echo "a b" c' }], { Cmd: ['/bin/echo', 'a b', 'c'] }],
    ['--cmd takes JSON', [{ cmd: '["/bin/echo", "x"]' }], { Cmd: ['/bin/echo', 'x'] }],
    ['an empty --cmd takes it away', [{ cmd: '' }], { Cmd: undefined }],
    ['--entrypoint as text is for a shell', [{ entrypoint: '/ep x' }], { Entrypoint: ['/bin/sh', '-c', '/ep x'], Cmd: ['/bin/sh'] }],
    ['--entrypoint as JSON is not', [{ entrypoint: '["/ep","y"]', cmd: 'a b' }], { Entrypoint: ['/ep', 'y'], Cmd: ['a', 'b'] }],
    ['--port keeps ports as written', [{ port: ['80', '90/udp'] }, { port: ['80-'] }], { ExposedPorts: { '90/udp': {} } }],
    ['--port - takes all away', [{ port: ['80'] }, { port: ['-'] }], { ExposedPorts: undefined }],
    ['--label without a value is empty', [{ label: ['a=b', 'c'] }, { label: ['a-', 'x=y-'] }], { Labels: { c: '', x: 'y-' } }],
    ['--unsetlabel takes away', [{ label: ['a=b', 'c=d'] }, { unsetLabel: ['a', 'zz'] }], { Labels: { c: 'd' } }],
    ['--volume keeps paths as written', [{ volume: ['/v1', 'v2'] }, { volume: ['/v1-'] }], { Volumes: { v2: {} } }],
    ['--user and --workingdir', [{ user: 'me:grp', workingdir: '/w' }], { User: 'me:grp', WorkingDir: '/w' }],
    [
      'empty --user and --workingdir take away',
      [
        { user: 'u', workingdir: '/w' },
        { user: '', workingdir: '' },
      ],
      { User: undefined, WorkingDir: undefined },
    ],
    ['--shell splits words', [{ shell: '/bin/bash -c' }], { Shell: ['/bin/bash', '-c'] }],
    ['--stop-signal', [{ stopSignal: 'SIGQUIT' }], { StopSignal: 'SIGQUIT' }],
    [
      '--onbuild adds, an empty one does nothing',
      [{ onbuild: ['RUN x', 'COPY a b'] }, { onbuild: [''] }],
      { OnBuild: ['RUN x', 'COPY a b'] },
    ],
    [
      '--healthcheck keeps what the other flags said before',
      [
        {
          healthcheck: 'CMD curl x',
          healthcheckInterval: '5s',
          healthcheckRetries: 3,
          healthcheckTimeout: '1m',
          healthcheckStartPeriod: '2s',
        },
        { healthcheck: 'NONE' },
      ],
      { Healthcheck: { Test: ['NONE'], Interval: 5e9, Timeout: 60e9, StartPeriod: 2e9, Retries: 3 } },
    ],
  ];
  for (const [title, edits, expected] of cases) {
    test(title, () => {
      const { config } = edit(...edits).record.config;
      for (const [field, value] of Object.entries(expected)) assert.equal((config as Record<string, unknown>)[field], value, field);
    });
  }

  test('what a shell shall run is one text', () => {
    assert.equal(edit({ healthcheck: 'CMD-SHELL curl -f x || exit 1' }).record.config.config?.Healthcheck, {
      Test: ['CMD-SHELL', 'curl -f x || exit 1'],
      // What Buildah starts from: recorded in test/flows/recorded/from.json.
      Interval: 30_000_000_000,
      Timeout: 30_000_000_000,
      Retries: 3,
    });
  });

  test('annotations, platform, author and the notes of the commit', () => {
    const { record } = edit(
      { annotation: ['an=v', 'bn'], arch: 'arm64', variant: 'v8', osVersion: '1', osFeature: ['f1'], author: 'me' },
      { annotation: ['an-'], createdBy: 'cb', historyComment: 'hc' },
    );
    assert.equal(record.annotations, { bn: '' });
    const { architecture, variant, author } = record.config;
    assert.equal([architecture, variant, author], ['arm64', 'v8', 'me']);
    assert.equal([record.config['os.version'], record.config['os.features']], ['1', ['f1']]);
    assert.equal(record.historyNotes, { createdBy: 'cb', comment: 'hc' });
  });

  test('the history comes in the order and words of Buildah', () => {
    const { record } = edit({
      env: ['Z=1'],
      label: ['q=r'],
      cmd: 'x y',
      entrypoint: '["e"]',
      port: ['1'],
      volume: ['/vv'],
      user: 'u',
      workingdir: '/ww',
      author: 'au',
      shell: '/s',
      stopSignal: '9',
      onbuild: ['RUN z'],
      annotation: ['k=v'],
      healthcheck: 'CMD a',
      healthcheckInterval: '3s',
      hostname: 'h2',
      comment: 'cc',
    });
    assert.equal(history(record), [
      'USER u',
      'SHELL /s',
      'STOPSIGNAL 9',
      'EXPOSE 1',
      'ENV Z=1',
      'ENTRYPOINT ["e"]',
      'CMD x y',
      'VOLUME /vv',
      'HEALTHCHECK --interval=3s CMD a',
      'LABEL q=r',
      'WORKDIR /ww',
      'ONBUILD RUN z',
    ]);
    assert.equal(history(edit({ env: ['Z-', '-'] }).record), ['ENV Z- -']);
  });

  test("what OCI's format cannot hold is kept for Docker's, and said", () => {
    const { record, warnings } = edit({ hostname: 'hh', domainname: 'dd', comment: 'cmt' });
    assert.equal(record.dockerOnly, { hostname: 'hh', domainname: 'dd', comment: 'cmt' });
    assert.is(warnings.length, 3);
    assert.match(warnings[0]!, /^COMMENT is not supported for OCI image format, comment cmt will be ignored/);
  });

  test('a command is said to be an argument of a new entrypoint', () => {
    assert.equal(edit({ entrypoint: '["e"]' }).warnings, ['cmd "/bin/sh" exists and will be passed to entrypoint as a parameter']);
  });

  for (const [edits, message] of [
    [{ healthcheckInterval: 'foo' }, 'parsing --healthcheck-interval "foo": time: invalid duration "foo"'],
    [{ cmd: 'a "b' }, 'parsing --cmd "a \\"b": invalid command line string'],
  ] as const) {
    test(`${JSON.stringify(edits)} is refused`, () =>
      assert.throws(
        () => edit(edits),
        (error: Error) => error.message === message,
      ));
  }
});
