import * as assert from 'uvu/assert';
import { parseOutput, parseOutputs, takesStandardOutput } from '../../../../src/operations/build/build-output.js';
import { suite } from '../../../support/suite.js';

const plain = { force: false };

suite('operations/build-output', (test) => {
  const good: readonly (readonly [string, unknown])[] = [
    ['out', { kind: 'local', directory: 'out', deleteOthers: false, platformSplit: undefined }],
    ['-', { kind: 'tar', file: undefined }],
    ['type=local,dest=out,mode=copy', { kind: 'local', directory: 'out', deleteOthers: false, platformSplit: undefined }],
    ['type=local,dest=out,mode=delete,platform-split=true', { kind: 'local', directory: 'out', deleteOthers: true, platformSplit: true }],
    ['type=tar,dest=-', { kind: 'tar', file: undefined }],
    ['dest=a.tar,type=tar', { kind: 'tar', file: 'a.tar' }],
    ['type=oci,dest=a.tar', { kind: 'archive', format: 'oci', file: 'a.tar', name: undefined, compression: plain }],
    ['type=docker,dest=-,name=a:1', { kind: 'archive', format: 'docker', file: undefined, name: 'a:1', compression: plain }],
    ['type=oci,dest=d,tar=false', { kind: 'layout', format: 'oci', directory: 'd', name: undefined, compression: plain }],
    ['type=docker,dest=d,tar=false', { kind: 'layout', format: 'docker', directory: 'd', name: undefined, compression: plain }],
    [
      'type=oci,dest=a.tar,compression=uncompressed,force-compression=true,compression-level=3',
      { kind: 'archive', format: 'oci', file: 'a.tar', name: undefined, compression: { compression: 'none', level: 3, force: true } },
    ],
    ['type=image,"name=a,b"', { kind: 'image', names: ['a', 'b'], push: false, kept: true, compression: plain }],
    ['type=image,name=a,push=true', { kind: 'image', names: ['a'], push: 'by-name', kept: true, compression: plain }],
    [
      'type=registry,push-by-digest=true,name=a.b/c',
      { kind: 'image', names: ['a.b/c'], push: 'by-digest', kept: false, compression: plain },
    ],
    ['type=registry', { kind: 'image', names: [], push: 'by-name', kept: false, compression: plain }],
  ];
  for (const [text, expected] of good) test(`parseOutput() reads ${text}`, () => assert.equal(parseOutput(text), expected));

  const bad: readonly (readonly [string, string, RegExp])[] = [
    ['', 'USAGE', /names no directory/],
    ['type=tar', 'USAGE', /no dest=/],
    ['dest=out', 'USAGE', /no type=/],
    ['type=local,dest=-', 'USAGE', /no directory/],
    ['type=tar,dest=a,dest=b', 'USAGE', /dest is given twice/],
    ['type=tar,dest=a,mode=delete', 'USAGE', /mode is not known/],
    ['type=tar,dest', 'USAGE', /"dest" is not KEY=VALUE/],
    ['type=image,push=perhaps', 'USAGE', /push must be true or false/],
    ['type=oci,dest=a,compression=lzma', 'USAGE', /compression must be/],
    ['type=tar,"dest=a', 'USAGE', /quote/],
    ['type=docker,tar=false,dest=-', 'USAGE', /no directory/],
    ['type=local,dest=a,mode=move', 'USAGE', /mode must be copy or delete/],
    ['type=image,name=a,push-by-digest=true', 'USAGE', /needs push=true/],
    ['type=registry,push-by-digest=true', 'USAGE', /needs name=/],
    ['type=registry,push-by-digest=true,name=a:1', 'USAGE', /can have no tag/],
    ['type=cacheonly', 'UNSUPPORTED', /"cacheonly" is not supported/],
  ];
  for (const [text, code, message] of bad) {
    test(`parseOutput() refuses ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parseOutput(text),
        (error: Error & { code: string }) => error.code === code && message.test(error.message),
      );
    });
  }

  test('only one output takes standard output', () => {
    assert.is(parseOutputs(['-', 'out']).filter(takesStandardOutput).length, 1);
    assert.throws(() => parseOutputs(['-', 'type=oci,dest=-']), /only one --output/);
  });
});
