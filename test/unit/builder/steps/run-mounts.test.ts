import * as assert from 'uvu/assert';
import type { RunMount } from '../../../../src/builder/steps/run-mounts.js';
import { runMountInputs } from '../../../../src/builder/steps/run-mounts.js';
import type { Toolbox } from '../../../../src/builder/steps/toolbox.js';
import { suite } from '../../../support/suite.js';

const TOOLBOX = { platform: 'linux/amd64' } as Toolbox;

async function inputsOf(...mounts: RunMount[]): Promise<Readonly<Record<string, string>>> {
  return (await runMountInputs(mounts, [], TOOLBOX, new AbortController().signal)).inputs;
}

const TMPFS = { kind: 'tmpfs', target: '/t', sizeBytes: 1, modeBits: undefined, readOnly: false } as const;
const VOLUME = { kind: 'volume', target: '/v', hostPath: '/one', readOnly: true } as const;
const SECRET = { kind: 'secret', id: 's', target: '/s', env: undefined, required: true, modeBits: 0o400, uid: 0, gid: 0 } as const;

suite('runMountInputs()', (test) => {
  test('an input is named after the target', async () => {
    assert.equal(Object.keys(await inputsOf(TMPFS, VOLUME, SECRET)), ['mount./t', 'mount./v', 'mount.secret.s']);
  });

  test('what a command can notice counts', async () => {
    const plain = await inputsOf(TMPFS);
    for (const change of [{ sizeBytes: 2 }, { modeBits: 0o700 }, { readOnly: true }, { noexec: true }])
      assert.not.equal(await inputsOf({ ...TMPFS, ...change }), plain, JSON.stringify(change));
  });

  test('of a volume its options count, but for what only mounts made later would show', async () => {
    const plain = await inputsOf(VOLUME);
    for (const change of [{ chown: true }, { overlay: true }, { recursive: false }, { nosuid: true }])
      assert.not.equal(await inputsOf({ ...VOLUME, ...change }), plain, JSON.stringify(change));
    assert.equal(await inputsOf({ ...VOLUME, propagation: 'slave' }), plain);
  });

  test('where the host keeps a volume does not count, nor whether a secret has to be there', async () => {
    assert.equal(await inputsOf({ ...VOLUME, hostPath: '/two' }), await inputsOf(VOLUME));
    assert.equal(await inputsOf({ ...SECRET, required: false }), await inputsOf(SECRET));
  });
});
