import * as assert from 'uvu/assert';
import {
  chooseByPlatform,
  type Descriptor,
  digestOf,
  formatPlatform,
  hostPlatform,
  matchPlatform,
  parsePlatform,
} from '../../../src/image/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';

suite('parsePlatform()', (test) => {
  const good: readonly [string, string][] = [
    ['linux/amd64', 'linux/amd64'],
    ['Linux/X86_64', 'linux/amd64'],
    ['linux/aarch64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/arm64/v9', 'linux/arm64/v9'],
    ['linux/armhf', 'linux/arm/v7'],
    ['linux/armel', 'linux/arm/v6'],
    ['linux/arm/v5', 'linux/arm/v5'],
    ['linux/i386', 'linux/386'],
    ['arm64', 'linux/arm64'],
    ['linux/riscv64', 'linux/riscv64'],
    ['windows/amd64', 'windows/amd64'],
  ];
  for (const [text, expected] of good) test(`reads ${text}`, () => assert.is(formatPlatform(parsePlatform(text)), expected));
  for (const text of ['', '/', 'linux/', '/amd64', 'linux/arm/v7/x', 'linux/a b', 'linux', 'linux/../x', 'linux/am\0d']) {
    test(`refuses ${JSON.stringify(text)}`, () => rejects(() => parsePlatform(text), { code: 'USAGE' }));
  }
  test("knows Node's names", () => {
    assert.equal(
      ['x64', 'arm64', 'arm', 'ia32', 's390x'].map((name) => hostPlatform(name).architecture),
      ['amd64', 'arm64', 'arm', '386', 's390x'],
    );
  });
});

suite('matchPlatform()', (test) => {
  const rows: readonly [wanted: string, candidate: string, better: boolean | undefined][] = [
    ['linux/amd64', 'linux/amd64', true],
    ['linux/amd64', 'linux/arm64', undefined],
    ['linux/amd64', 'windows/amd64', undefined],
    ['linux/amd64', 'linux/amd64/v3', undefined],
    ['linux/amd64/v3', 'linux/amd64', false],
    ['linux/arm64', 'linux/arm64/v8', true],
    ['linux/arm/v7', 'linux/arm/v7', true],
    ['linux/arm/v7', 'linux/arm/v6', false],
    ['linux/arm/v7', 'linux/arm', false],
    ['linux/arm/v6', 'linux/arm/v7', undefined],
    ['linux/arm', 'linux/arm', true],
  ];
  for (const [wanted, candidate, best] of rows) {
    test(`${wanted} with an image for ${candidate}`, () => {
      const rank = matchPlatform(parsePlatform(wanted), parsePlatform(candidate));
      assert.is(rank === undefined ? undefined : rank === 0, best);
    });
  }
});

suite('chooseByPlatform()', (test) => {
  const entry = (name: string, platform?: string, zstd = false): Descriptor => ({
    mediaType: name,
    digest: digestOf(name),
    size: 1,
    ...(platform === undefined ? {} : { platform: parsePlatform(platform) }),
    ...(zstd ? { annotations: { 'io.github.containers.compression.zstd': 'true' } } : {}),
  });
  const choose = (wanted: string, ...entries: Descriptor[]) => chooseByPlatform(entries, parsePlatform(wanted))?.mediaType;

  test('takes the best variant, wherever it stands', () => {
    assert.is(choose('linux/arm/v7', entry('a', 'linux/arm'), entry('b', 'linux/arm/v6'), entry('c', 'linux/arm/v7')), 'c');
    assert.is(choose('linux/arm/v6', entry('a', 'linux/arm'), entry('b', 'linux/arm/v6'), entry('c', 'linux/arm/v7')), 'b');
  });
  test('puts the platform before zstd', () => {
    assert.is(choose('linux/arm/v7', entry('a', 'linux/arm/v7'), entry('b', 'linux/arm/v6', true)), 'a');
  });
  test('prefers zstd, then position', () => {
    assert.is(choose('linux/amd64', entry('a', 'linux/amd64'), entry('b', 'linux/amd64', true)), 'b');
    assert.is(choose('linux/amd64', entry('a', 'linux/amd64'), entry('b', 'linux/amd64')), 'a');
  });
  test('takes an entry without platform only if nothing else fits', () => {
    assert.is(choose('linux/amd64', entry('a'), entry('b', 'linux/amd64')), 'b');
    assert.is(choose('linux/amd64', entry('a', 'linux/arm64'), entry('b')), 'b');
  });
  test('finds nothing where nothing fits', () => assert.is(choose('linux/amd64', entry('a', 'linux/s390x')), undefined));
  test('is not upset by unknown/unknown', () => {
    const attestation: Descriptor = { ...entry('a'), platform: { os: 'unknown', architecture: 'unknown' } };
    assert.is(chooseByPlatform([attestation, entry('b', 'linux/amd64')], parsePlatform('linux/amd64'))?.mediaType, 'b');
  });
});
