import * as assert from 'uvu/assert';
import { readScanOptions, type ScanFlags } from '../../../../src/operations/sbom/scan-options.js';
import { suite } from '../../../support/suite.js';

const NONE: ScanFlags = { commands: [], outputs: {} };
const TO_FILE = { sbom: 'list.json' };

suite('readScanOptions()', (test) => {
  test('gives nothing when nothing is asked for', () => {
    assert.is(readScanOptions(NONE), undefined);
  });

  // As buildah-build(1) has them.
  const syft = (format: string) => [
    `/syft scan -q dir:{ROOTFS} --output ${format}={OUTPUT}`,
    `/syft scan -q dir:{CONTEXT} --output ${format}={OUTPUT}`,
  ];
  const trivy = (format: string) => [
    `trivy filesystem -q {ROOTFS} --format ${format} --output {OUTPUT}`,
    `trivy filesystem -q {CONTEXT} --format ${format} --output {OUTPUT}`,
  ];
  const presets: readonly (readonly [string | undefined, string, readonly string[], string])[] = [
    [undefined, 'ghcr.io/anchore/syft', syft('cyclonedx-json'), 'merge-cyclonedx-by-component-name-and-version'],
    ['syft', 'ghcr.io/anchore/syft', syft('cyclonedx-json'), 'merge-cyclonedx-by-component-name-and-version'],
    ['syft-cyclonedx', 'ghcr.io/anchore/syft', syft('cyclonedx-json'), 'merge-cyclonedx-by-component-name-and-version'],
    ['syft-spdx', 'ghcr.io/anchore/syft', syft('spdx-json'), 'merge-spdx-by-package-name-and-versioninfo'],
    ['trivy', 'ghcr.io/aquasecurity/trivy', trivy('cyclonedx'), 'merge-cyclonedx-by-component-name-and-version'],
    ['trivy-cyclonedx', 'ghcr.io/aquasecurity/trivy', trivy('cyclonedx'), 'merge-cyclonedx-by-component-name-and-version'],
    ['trivy-spdx', 'ghcr.io/aquasecurity/trivy', trivy('spdx-json'), 'merge-spdx-by-package-name-and-versioninfo'],
  ];
  for (const [preset, image, commands, mergeStrategy] of presets) {
    test(`knows the preset ${preset ?? 'that outputs alone mean'}`, () => {
      assert.equal(readScanOptions({ ...NONE, preset, outputs: TO_FILE }), { image, commands, mergeStrategy, outputs: TO_FILE });
    });
  }

  test('takes an image, a command and a strategy in place of a preset', () => {
    const own = { image: 'scanner', commands: ['scan {ROOTFS} {OUTPUT}'], mergeStrategy: 'cat' } as const;
    assert.equal(readScanOptions({ ...own, preset: 'trivy', outputs: TO_FILE }), { ...own, outputs: TO_FILE });
  });

  test('takes an empty path for none', () => {
    assert.is(readScanOptions({ ...NONE, outputs: { sbom: '' } }), undefined);
    assert.equal(readScanOptions({ ...NONE, outputs: { ...TO_FILE, imageSbom: '', purl: '' } })?.outputs, TO_FILE);
  });

  const refused: readonly (readonly [string, Partial<ScanFlags>, RegExp])[] = [
    ['an unknown preset', { preset: 'other', outputs: TO_FILE }, /unrecognized preset name "other"/],
    ['no output', { preset: 'syft' }, /missing one or more of \("--sbom-output"/],
    ['an output without a path', { preset: 'syft', outputs: { sbom: '' } }, /missing one or more of \("--sbom-output"/],
    ['no command', { image: 'scanner', outputs: TO_FILE }, /missing one or more of \("--sbom-scanner-image"/],
    ['no image', { commands: ['x {ROOTFS}'], mergeStrategy: 'cat', outputs: TO_FILE }, /missing one or more of \("--sbom-scanner-image"/],
    [
      'several commands and no strategy',
      { image: 'i', commands: ['a', 'b'], outputs: TO_FILE },
      /multiple "--sbom-scanner-command" values/,
    ],
    ['an unknown strategy', { image: 'i', commands: ['a'], mergeStrategy: 'x', outputs: TO_FILE }, /unrecognized merge strategy "x"/],
    ['a directory of the image', { preset: 'syft', outputs: { imageSbom: '/root/' } }, /it is no file/],
  ];
  for (const [title, flags, message] of refused) {
    test(`refuses ${title}`, () => {
      assert.throws(() => readScanOptions({ ...NONE, ...flags }), message);
    });
  }
});
