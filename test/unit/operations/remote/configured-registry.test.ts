import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { readSettings } from '../../../../src/config/index.js';
import type { Services } from '../../../../src/operations/context.js';
import { RegistryAccess } from '../../../../src/operations/registry-access.js';
import { suite } from '../../../support/suite.js';
import { withTempDir } from '../../../support/temp-dir.js';

suite('registries by containers.conf', (test) => {
  for (const [text, expected] of [
    ['[engine]\nimage_parallel_copies = 2\n', 2],
    ['[engine]\nimage_parallel_copies = 0\n', undefined],
    ['', undefined],
  ] as const) {
    test(`image_parallel_copies: ${JSON.stringify(text)}`, () =>
      withTempDir(async (directory) => {
        const CONTAINERS_CONF = join(directory, 'containers.conf');
        writeFileSync(CONTAINERS_CONF, text);
        const services = { settings: readSettings({ CONTAINERS_CONF, HOME: directory }) } as unknown as Services;
        const client = await new RegistryAccess(services, {}).client('registry.example');
        assert.is(client.parallelCopies, expected);
        await client.close();
      }));
  }
});
