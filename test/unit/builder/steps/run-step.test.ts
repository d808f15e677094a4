import * as assert from 'uvu/assert';
import type { RunStep as GraphRunStep } from '../../../../src/builder/graph/index.js';
import type { CommandNetwork } from '../../../../src/builder/steps/command-network.js';
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

const NETWORK: CommandNetwork = {
  request: { kind: 'host' },
  open: () => Promise.reject(new Error('A key needs no network')),
  extraHosts: [],
};

const SURROUNDINGS: RunSurroundings = {
  network: NETWORK,
  mounts: [],
  confidants: { secret: () => undefined, openSshAgent: async () => undefined },
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
    ['the network', {}, { network: { ...NETWORK, request: { kind: 'none' } } }],
    ['a line of /etc/hosts', {}, { network: { ...NETWORK, extraHosts: [{ name: 'a', address: '127.0.0.1' }] } }],
    ['a name server', {}, { network: { ...NETWORK, dns: { servers: ['192.0.2.1'], search: [], options: [] } } }],
    ['/etc/hosts left as it is', {}, { network: { ...NETWORK, writeHosts: false } }],
    ['a limit', {}, { limits: [{ name: 'nofile', soft: 1, hard: 1 }] }],
    ['the size of /dev/shm', {}, { shmSizeBytes: 1 }],
  ];
  for (const [what, spec, surroundings] of changes) {
    test(`key() changes with ${what}`, async () => {
      assert.not.equal((await keyOf(spec, surroundings)).definition, (await keyOf()).definition);
    });
  }

  test('key() is the same with what can be used together, and for the default network and that of the host', async () => {
    const limited = await keyOf({}, { resources: { memoryBytes: 1 << 20 }, isolation: { kind: 'chroot' } });
    assert.is(limited.definition, (await keyOf()).definition);
    assert.is((await keyOf({}, { network: { ...NETWORK, request: { kind: 'default' } } })).definition, (await keyOf()).definition);
    const joined = await keyOf({}, { network: { ...NETWORK, request: { kind: 'path', path: '/run/netns/a' } } });
    assert.is(joined.inputs['run.network'], 'ns');
  });

  test('key() is the same whatever the proxies of the builder are', async () => {
    const one = await keyOf({ proxies: [] }, { ambient: { HTTPS_PROXY: 'q' } });
    assert.is(one.definition, (await keyOf()).definition);
  });
});
