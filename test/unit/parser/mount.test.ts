import * as assert from 'uvu/assert';
import { Fault } from '../../../src/parser/index.js';
import { type Mount, parseMountSpec, resolveMount } from '../../../src/parser/mount.js';
import { suite } from '../../support/suite.js';

const same = (text: string): string => text;
const read = (text: string): Mount => resolveMount(parseMountSpec(text), same, same);

suite('resolveMount()', (test) => {
  const good: readonly (readonly [string, Partial<Record<string, unknown>>])[] = [
    ['target=/x', { type: 'bind', target: '/x', source: '', from: undefined, readOnly: true }],
    ['type=bind,src=a,dst=/b,from=base,rw', { source: 'a', target: '/b', from: 'base', readOnly: false }],
    ['TYPE=bind,Source=a,DESTINATION=/b,ro=false', { source: 'a', target: '/b', readOnly: false }],
    ['type=bind,target=/x,readwrite=false', { readOnly: true }],
    ['"source=a,b",target=/x', { source: 'a,b' }],
    ['"source=a ""q""",target=/x', { source: 'a "q"' }],
    ['target=/x,z,bind-propagation=rslave,Z,relabel=shared', { options: ['z', 'bind-propagation=rslave', 'Z', 'relabel=shared'] }],
    ['type=cache,target=/c', { type: 'cache', id: undefined, sharing: 'shared', readOnly: false, modeBits: undefined, uid: undefined }],
    [
      'type=cache,target=/c,id=k,sharing=locked,mode=0700,uid=5,gid=6,ro',
      { id: 'k', sharing: 'locked', modeBits: 0o700, uid: 5, gid: 6, readOnly: true },
    ],
    ['type=tmpfs,target=/t,size=64m', { type: 'tmpfs', sizeBytes: 67_108_864 }],
    ['type=tmpfs,target=/t,tmpfs-size=1.5k,tmpfs-mode=1777', { sizeBytes: 1536, modeBits: 0o1777 }],
    [
      'type=secret,id=k',
      { type: 'secret', id: 'k', file: '/run/secrets/k', env: undefined, required: false, modeBits: 0o400, uid: 0, gid: 0 },
    ],
    ['type=secret,target=/etc/key.pem', { id: 'key.pem', file: '/etc/key.pem' }],
    ['type=secret,source=k,required', { id: 'k', required: true }],
    ['type=secret,id=k,env=TOKEN', { env: 'TOKEN', file: undefined }],
    ['type=secret,id=k,env=TOKEN,target=/t,mode=0444', { env: 'TOKEN', file: '/t', modeBits: 0o444 }],
    ['type=ssh', { type: 'ssh', id: 'default', socket: undefined, required: false, modeBits: 0o600 }],
    ['type=ssh,id=k,target=/s,required=true', { id: 'k', socket: '/s', required: true }],
  ];
  for (const [text, expected] of good) {
    test(text, () => {
      const mount: unknown = read(text);
      for (const [key, value] of Object.entries(expected)) assert.equal((mount as Record<string, unknown>)[key], value, key);
    });
  }

  const bad: readonly (readonly [string, string])[] = [
    ['type=bind,"a', 'failed to parse csv mounts: a quote stands where it may not'],
    ['target=/x,b', "invalid field 'b' must be a key=value pair"],
    ['target=/x,colour=red', "unexpected key 'colour' in 'colour=red'"],
    ['type=bind,target=/x,required', "unexpected key 'required' for mount type 'bind'"],
    ['type=cache,target=/x,size=1m', "unexpected key 'size' for mount type 'cache'"],
    ['type=cash,target=/x', 'unsupported mount type "cash"'],
    ['type=cache,target=/x,sharing=some', 'unsupported sharing value "some"'],
    ['type=bind,target=/x,sharing=shared', 'invalid cache sharing set for bind mount'],
    ['type=cache,target=/x,mode=9', 'invalid value 9 for mode'],
    ['type=cache,target=/x,uid=me', 'invalid value me for uid'],
    ['type=secret,id=a,gid=-1', 'invalid value -1 for gid'],
    ['target=/x,mode=0700', 'mode not allowed for "bind" type mounts'],
    ['type=secret,id=a,from=b', 'secret mount should not have a from'],
    ['type=secret,id=a,sharing=shared', 'secret mount should not define sharing'],
    ['type=secret', 'invalid secret mount. one of source, target required'],
    ['type=secret,id=a,source=b', "both source and id can't be set"],
    ['type=ssh,source=a', 'ssh does not support source'],
    ['target=/x,from=', "invalid value for 'from': it names no stage, image or context"],
    ['type=tmpfs,target=/x,size=big', 'invalid value big for size'],
  ];
  for (const [text, problem] of bad) {
    test(`refuses ${text}`, () => {
      assert.throws(
        () => read(text),
        (error: unknown) => error instanceof Fault && error.problem === problem,
      );
    });
  }

  test('expands values, and gives `from` to its own function', () => {
    const spec = parseMountSpec('type=$T,id=$A,from=$F,target=/x');
    const mount = resolveMount(
      spec,
      (text) => text.replace('$T', 'cache').replace('$A', 'a'),
      (text) => text.replace('$F', 'f'),
    );
    assert.is(mount.type === 'cache' && mount.id, 'a');
    assert.is(mount.type === 'cache' && mount.from, 'f');
  });
});
