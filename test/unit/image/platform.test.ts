import * as assert from 'uvu/assert';
import {
  chooseByPlatform,
  type Descriptor,
  digestOf,
  formatPlatform,
  hostPlatform,
  matchPlatform,
  OCI_MANIFEST,
  parsePlatform,
} from '../../../src/image/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';

/** Entries of an index called `0`, `1`, … by their annotation, one per platform; undefined has no platform. */
function entries(platforms: readonly (string | undefined)[], zstd: readonly number[] = []): Descriptor[] {
  return platforms.map((platform, index) => ({
    mediaType: OCI_MANIFEST,
    digest: digestOf(String(index)),
    size: 1,
    annotations: { name: String(index), ...(zstd.includes(index) ? { 'io.github.containers.compression.zstd': 'true' } : {}) },
    ...(platform === undefined ? {} : { platform: parsePlatform(platform) }),
  }));
}

suite('image/platform', (test) => {
  for (const [text, canonical] of [
    ['linux/amd64', 'linux/amd64'],
    ['LINUX/x86_64', 'linux/amd64'],
    ['aarch64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['armhf', 'linux/arm/v7'],
    ['armel', 'linux/arm/v6'],
    ['linux/arm/v6', 'linux/arm/v6'],
    ['i386', 'linux/386'],
    ['linux/amd64/v2', 'linux/amd64/v2'],
    ['windows/amd64', 'windows/amd64'],
  ] as const) {
    test(`parsePlatform(${text}) is ${canonical}`, () => {
      assert.is(formatPlatform(parsePlatform(text)), canonical);
    });
  }

  for (const text of ['', '/', 'linux/', 'linux', 'a/b/c/d', 'linux/am d64', 'linux/amd64?', 'linux/amd64/']) {
    test(`parsePlatform() refuses ${JSON.stringify(text)}`, async () => {
      await rejects(() => parsePlatform(text), { code: 'USAGE' });
    });
  }

  test('hostPlatform() translates the names of Node', () => {
    assert.is(formatPlatform(hostPlatform('x64')), 'linux/amd64');
    assert.is(formatPlatform(hostPlatform('arm64')), 'linux/arm64');
  });

  for (const [wanted, candidate, matches] of [
    ['linux/amd64', 'linux/amd64', true],
    ['linux/amd64', 'linux/arm64', false],
    ['linux/amd64', 'windows/amd64', false],
    ['linux/amd64', 'linux/amd64/v2', false],
    ['linux/amd64/v2', 'linux/amd64', true],
    ['linux/arm/v7', 'linux/arm/v6', true],
    ['linux/arm/v7', 'linux/arm', true],
    ['linux/arm/v6', 'linux/arm/v7', false],
    ['linux/arm64', 'linux/arm64/v8', true],
  ] as const) {
    test(`matchPlatform(): ${wanted} ${matches ? 'runs' : 'does not run'} ${candidate}`, () => {
      assert.is(matchPlatform(parsePlatform(wanted), parsePlatform(candidate)) !== undefined, matches);
    });
  }

  for (const [title, wanted, index, chosen] of [
    ['the exact entry', 'linux/arm64', entries(['linux/amd64', 'linux/arm64']), '1'],
    ['the newest variant that runs', 'linux/arm/v7', entries(['linux/arm/v5', 'linux/arm/v6', 'linux/arm/v8']), '1'],
    ['the first of equals', 'linux/amd64', entries(['linux/amd64', 'linux/amd64']), '0'],
    ['zstd among equals', 'linux/amd64', entries(['linux/amd64', 'linux/amd64'], [1]), '1'],
    ['the platform before zstd', 'linux/arm/v7', entries(['linux/arm/v7', 'linux/arm/v6'], [1]), '0'],
    ['an entry without platform last', 'linux/amd64', entries([undefined, 'linux/amd64']), '1'],
    ['an entry without platform if nothing else fits', 'linux/amd64', entries(['linux/arm64', undefined]), '1'],
    ['nothing', 'linux/s390x', entries(['linux/amd64', 'linux/arm64']), undefined],
  ] as const) {
    test(`chooseByPlatform() takes ${title}`, () => {
      assert.is(chooseByPlatform(index, parsePlatform(wanted))?.annotations?.name, chosen);
    });
  }
});
