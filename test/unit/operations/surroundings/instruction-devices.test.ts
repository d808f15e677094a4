import * as assert from 'uvu/assert';
import type { RunMount } from '../../../../src/builder/steps/index.js';
import { UsageError } from '../../../../src/errors.js';
import { Entitlements } from '../../../../src/operations/surroundings/entitlements.js';
import { instructionDevices } from '../../../../src/operations/surroundings/instruction-devices.js';
import type { ProgressEvent } from '../../../../src/progress.js';
import { rejects } from '../../../support/rejects.js';
import { suite } from '../../../support/suite.js';

const NULL: RunMount = { kind: 'device', target: '/dev/null', hostPath: '/dev/null', readOnly: false };

/** The machine of these tests has one device. */
async function find(name: string): Promise<readonly RunMount[]> {
  if (name === '/dev/null') return [NULL];
  throw new UsageError(`${name} does not exist`);
}

async function devices(names: readonly string[], allowed: readonly string[]) {
  const events: ProgressEvent[] = [];
  const requests = names.map((text) => ({ name: text.replace(',required', ''), required: text.endsWith(',required') }));
  const mounts = await instructionDevices(requests, new Entitlements(allowed), find, { report: (event) => void events.push(event) });
  return { mounts, warnings: events.flatMap((event) => (event.kind === 'warning' ? event.text : [])) };
}

suite('instructionDevices()', (test) => {
  test('nothing is given that was not allowed, by its name or all together', async () => {
    await rejects(devices(['/dev/null'], []), { code: 'USAGE', message: /^RUN --device=\/dev\/null is not allowed: device$/ });
    await rejects(devices(['/dev/null'], ['device=/dev/zero']), { message: /is not allowed/ });
    assert.equal(await devices(['/dev/null'], ['device=/dev/null']), { mounts: [NULL], warnings: [] });
    assert.equal(await devices(['/dev/null'], ['device']), { mounts: [NULL], warnings: [] });
  });

  test('an alias stands for the device it was given to', async () => {
    assert.equal((await devices(['nothing'], ['device=/dev/null,alias=nothing'])).mounts, [NULL]);
    assert.throws(() => new Entitlements(['device=/dev/null,name=nothing']), /invalid entitlement/);
  });

  test('one that is not there is left out with a warning, unless it is required', async () => {
    const { mounts, warnings } = await devices(['/dev/none', '/dev/null'], ['device']);
    assert.equal(mounts, [NULL]);
    assert.equal(warnings, ['RUN --device=/dev/none: /dev/none does not exist; the command runs without it']);
    await rejects(devices(['/dev/none,required'], ['device']), { message: /does not exist/ });
  });
});
