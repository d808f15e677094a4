import * as assert from 'uvu/assert';
import type { RunStep as GraphRunStep } from '../../../../src/builder/graph/index.js';
import { ConstantStep, EMPTY_ROOT, RunStep } from '../../../../src/builder/steps/index.js';
import type { RunSurroundings } from '../../../../src/builder/steps/run-step.js';
import type { Toolbox } from '../../../../src/builder/steps/toolbox.js';
import { suite } from '../../../support/suite.js';

const SPEC = {
  kind: 'run',
  argv: ['/bin/sh', '-c', 'make'],
  env: ['PATH=/bin', 'EMPTY'],
  args: [['VERSION', '1']],
  proxies: [['HTTP_PROXY', 'p']],
  workingDirectory: '/src',
  user: '',
  mounts: [],
  script: undefined,
  network: 'default',
  security: 'sandbox',
  devices: [],
} as unknown as GraphRunStep;

const SURROUNDINGS: RunSurroundings = {
  network: 'host',
  mounts: [],
  confidants: { secret: () => undefined, openSshAgent: async () => undefined },
  extraHosts: [],
  ambient: {},
};

async function keyOf(spec: Partial<GraphRunStep> = {}, surroundings: Partial<RunSurroundings> = {}) {
  const label = { stage: 0, stageName: undefined, index: 2, total: 2, text: 'RUN make' };
  const toolbox = { platform: 'linux/amd64', layerPerStep: true } as Toolbox;
  const parent = new ConstantStep('scratch', EMPTY_ROOT);
  const step = new RunStep('RUN make', parent, [], { ...SPEC, ...spec }, { ...SURROUNDINGS, ...surroundings }, label, toolbox);
  return step.key([EMPTY_ROOT], { signal: new AbortController().signal });
}

suite('RunStep', (test) => {
  test('key() names its inputs one by one', async () => {
    const { inputs } = await keyOf();
    assert.equal(
      [inputs['run.command'], inputs['run.cwd'], inputs['env.PATH'], inputs['env.EMPTY'], inputs['arg.VERSION']],
      ['["/bin/sh","-c","make"]', '/src', '/bin', '', '1'],
    );
  });

  const changes: readonly (readonly [string, Partial<GraphRunStep>, Partial<RunSurroundings>])[] = [
    ['the command', { argv: ['/bin/sh', '-c', 'make all'] }, {}],
    ['a variable', { env: ['PATH=/usr/bin', 'EMPTY'] }, {}],
    ['an ARG', { args: [['VERSION', '2']] }, {}],
    ['the user', { user: 'me' }, {}],
    ['the directory', { workingDirectory: '/' }, {}],
    ['the security mode', { security: 'insecure' }, {}],
    ['the script', { script: { path: '/dev/pipes/E', content: '#!/bin/sh\n', modeBits: 0o755 } }, {}],
    ['the network', {}, { network: 'none' }],
    ['a line of /etc/hosts', {}, { extraHosts: [{ name: 'a', address: '127.0.0.1' }] }],
    ['a limit', {}, { limits: [{ name: 'nofile', soft: 1, hard: 1 }] }],
    ['the size of /dev/shm', {}, { shmSizeBytes: 1 }],
  ];
  for (const [what, spec, surroundings] of changes) {
    test(`key() changes with ${what}`, async () => {
      assert.not.equal((await keyOf(spec, surroundings)).definition, (await keyOf()).definition);
    });
  }

  test('key() is the same whatever the proxies of the builder are', async () => {
    const one = await keyOf({ proxies: [] }, { ambient: { HTTPS_PROXY: 'q' } });
    assert.is(one.definition, (await keyOf()).definition);
  });
});
