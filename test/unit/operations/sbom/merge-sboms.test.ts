import * as assert from 'uvu/assert';
import { mergeSboms } from '../../../../src/operations/sbom/merge-sboms.js';
import { suite } from '../../../support/suite.js';

const bytes = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const json = (buffer: Buffer): unknown => JSON.parse(buffer.toString());
const CYCLONEDX = 'merge-cyclonedx-by-component-name-and-version';
const SPDX = 'merge-spdx-by-package-name-and-versioninfo';

suite('mergeSboms()', (test) => {
  test('leaves a single list as it is, and finds its package URLs', () => {
    const only = bytes('{"components": [ {"name":"b","purl":"pkg:b"}, {"name":"a","purl":"pkg:a"}, {"name":"b","purl":"pkg:b"} ]}');
    const { sbom, purls } = mergeSboms([only], CYCLONEDX);
    assert.equal(sbom, only);
    assert.is(purls.toString(), '{"image_contents":{"dependencies":["pkg:a","pkg:b"]}}\n');
  });

  test('adds components whose name and version are new, in order, and keeps the rest of the first', () => {
    const first = {
      bomFormat: 'CycloneDX',
      serialNumber: 'first',
      components: [{ name: 'a', version: '1', purl: 'pkg:a@1' }, { name: 'b' }],
    };
    const second = {
      serialNumber: 'second',
      components: [
        { name: 'a', version: '2', purl: 'pkg:a@2' },
        { name: 'a', version: '1', note: 'not taken' },
        { name: 'b', version: '', note: 'not taken' },
      ],
    };
    const third = { components: [{ name: 'c' }, { name: 'a', version: '2', note: 'not taken' }, { name: 'c', note: 'not taken' }] };
    const { sbom, purls } = mergeSboms([bytes(first), bytes(second), bytes(third)], CYCLONEDX);
    assert.equal(json(sbom), {
      bomFormat: 'CycloneDX',
      serialNumber: 'first',
      components: [
        { name: 'a', version: '1', purl: 'pkg:a@1' },
        { name: 'b' },
        { name: 'a', version: '2', purl: 'pkg:a@2' },
        { name: 'c' },
      ],
    });
    assert.equal(json(purls), { image_contents: { dependencies: ['pkg:a@1', 'pkg:a@2'] } });
  });

  test('a list without components is none', () => {
    assert.equal(json(mergeSboms([bytes({ bomFormat: 'CycloneDX' }), bytes({ components: [{ name: 'a' }] })], CYCLONEDX).sbom), {
      bomFormat: 'CycloneDX',
      components: [{ name: 'a' }],
    });
    assert.equal(json(mergeSboms([bytes({ a: 1 }), bytes({ b: 2 })], CYCLONEDX).sbom), { a: 1 });
  });

  test('merges packages and licences of SPDX; package URLs are external references', () => {
    const purl = (locator: string) => ({ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: locator });
    const first = {
      spdxVersion: 'SPDX-2.3',
      packages: [
        { name: 'a', versionInfo: '1', externalRefs: [{ referenceCategory: 'SECURITY', referenceType: 'cpe23Type' }, purl('pkg:a@1')] },
      ],
      hasExtractedLicensingInfos: [{ licenseId: 'L-1' }],
    };
    const second = {
      packages: [
        { name: 'a', versionInfo: '1' },
        { name: 'z', externalRefs: [purl('pkg:z')] },
      ],
      hasExtractedLicensingInfos: [{ licenseId: 'L-1', note: 'not taken' }, { licenseId: 'L-2' }],
    };
    const { sbom, purls } = mergeSboms([bytes(first), bytes(second)], SPDX);
    assert.equal(json(sbom), {
      spdxVersion: 'SPDX-2.3',
      packages: [first.packages[0], second.packages[1]],
      hasExtractedLicensingInfos: [{ licenseId: 'L-1' }, { licenseId: 'L-2' }],
    });
    assert.equal(json(purls), { image_contents: { dependencies: ['pkg:a@1', 'pkg:z'] } });
  });

  test('cat puts one text after the other, whatever they are', () => {
    const { sbom, purls } = mergeSboms([bytes('one\n'), bytes('two\n')], 'cat');
    assert.is(sbom.toString(), 'one\ntwo\n');
    assert.is(purls.toString(), '{"image_contents":{}}\n');
  });

  const wrong: readonly (readonly [string, string, RegExp])[] = [
    ['what is not JSON', 'text', /scan 2 wrote: it is not JSON/],
    ['what is no object', '[]', /it is no JSON object/],
    ['an entry that is no object', '{"components":[1]}', /an entry of "components" is no object/],
    ['an entry without a name', '{"components":[{"version":"1"}]}', /an entry has no "name"/],
    ['a version that is a number', '{"components":[{"name":"a","version":1}]}', /"version" is not a text/],
  ];
  for (const [title, text, message] of wrong) {
    test(`refuses ${title}`, () => {
      assert.throws(() => mergeSboms([bytes({}), bytes(text)], CYCLONEDX), message);
    });
  }
});
