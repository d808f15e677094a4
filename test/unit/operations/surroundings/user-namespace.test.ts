import * as assert from 'uvu/assert';
import { readUserNamespace, type UserNamespaceOptions } from '../../../../src/operations/surroundings/user-namespace.js';
import { ownIdMaps } from '../../../../src/sys/index.js';
import { suite } from '../../../support/suite.js';

const NOTHING: UserNamespaceOptions = { uidMaps: [], gidMaps: [] };
const owned = (id: number, count: number): boolean =>
  [ownIdMaps().uids, ownIdMaps().gids].every((ranges) =>
    ranges.some(({ inside, count: length }) => id >= inside && id + count <= inside + length),
  );

suite('readUserNamespace()', (test) => {
  test('what is the case anyway is no namespace', () => {
    assert.is(readUserNamespace(undefined, 'root'), undefined);
    for (const idMode of ['root', 'mapped', 'single'] as const)
      assert.is(readUserNamespace({ ...NOTHING, userns: 'host' }, idMode), undefined);
    // Who is not root is in one already.
    for (const userns of ['', 'container', 'private']) assert.is(readUserNamespace({ ...NOTHING, userns }, 'mapped'), undefined);
    assert.is(readUserNamespace({ ...NOTHING, uidMaps: ['0:0:1'] }, 'single'), undefined);
    assert.is(readUserNamespace({ ...NOTHING, userns: 'auto' }, 'single'), undefined);
  });

  test('root gets one with the ids there are', () => {
    const choice = readUserNamespace({ ...NOTHING, userns: 'container' }, 'root');
    assert.is(choice?.kind, 'own');
    if (choice?.kind !== 'own') return;
    assert.ok(choice.maps.uids.every(({ inside, outside }) => inside === outside));
    assert.is(choice.maps.uids[0]?.inside, 0);
  });

  test('one map stands for both, and is read from several flags', () => {
    if (!owned(0, 3)) return;
    const choice = readUserNamespace({ ...NOTHING, uidMaps: ['0:1:1, 1:0:1', '2:2:1'] }, 'root');
    const ranges = [
      { inside: 0, outside: 1, count: 1 },
      { inside: 1, outside: 0, count: 1 },
      { inside: 2, outside: 2, count: 1 },
    ];
    assert.equal(choice, { kind: 'own', maps: { uids: ranges, gids: ranges } });
  });

  test('auto waits until ids are known to be free', () => {
    assert.equal(readUserNamespace({ ...NOTHING, userns: 'auto' }, 'root'), { kind: 'auto', size: undefined, of: 'root' });
    assert.equal(readUserNamespace({ ...NOTHING, userns: 'auto:size=2000' }, 'root'), { kind: 'auto', size: 2000, of: 'root' });
    assert.equal(readUserNamespace({ ...NOTHING, userns: 'auto' }, 'mapped'), { kind: 'auto', size: undefined, of: 'mapped' });
  });

  type Refusal = readonly [options: Partial<UserNamespaceOptions>, idMode: 'root' | 'mapped' | 'single', code: string, message: RegExp];
  const refused: readonly Refusal[] = [
    [{ userns: 'ns:/proc/1/ns/user' }, 'root', 'UNSUPPORTED', /^--userns=ns:\/proc\/1\/ns\/user: .* does not join/],
    [{ userns: '/proc/1/ns/user' }, 'mapped', 'UNSUPPORTED', /does not join/],
    [{ uidMaps: ['0:1:2'] }, 'single', 'UNSUPPORTED', /one id only/],
    [{ uidMaps: ['0:1'] }, 'root', 'USAGE', /mapping "0:1" is not in the form containerid:hostid:size/],
    [{ uidMaps: ['0:1:0'] }, 'root', 'USAGE', /holds no ids/],
    [{ uidMaps: ['0:4294967290:10'] }, 'root', 'USAGE', /beyond/],
    [{ uidMaps: ['0:100000:10', '5:200000:10'] }, 'root', 'USAGE', /5 is mapped more than once/],
    [{ uidMaps: ['0:100000:10', '10:100005:10'] }, 'root', 'USAGE', /two ids are mapped to 100005/],
    [{ gidMaps: ['1:100000:10'] }, 'root', 'USAGE', /--userns-gid-map: root of the container, 0, is not mapped/],
    [{ userns: 'host', uidMaps: ['0:0:1'] }, 'root', 'USAGE', /can not specify ID mappings while using host's user namespace/],
    [{ userns: 'auto', uidMaps: ['0:0:1'] }, 'root', 'USAGE', /chooses the ids/],
    [{ userns: 'auto:size=none' }, 'root', 'USAGE', /invalid --userns=auto:size=none/],
    [{ userns: 'auto:size=0' }, 'root', 'USAGE', /invalid size 0/],
    [{ userns: 'mine' }, 'root', 'USAGE', /unrecognized user namespace setting "mine"/],
    [{ uidMapUser: 'no such user' }, 'root', 'USAGE', /no ranges for "no such user" in \/etc\/subuid/],
  ];
  for (const [options, idMode, code, message] of refused)
    test(`${JSON.stringify(options)} is refused for ${idMode}`, () => {
      try {
        readUserNamespace({ ...NOTHING, ...options }, idMode);
      } catch (error) {
        assert.is((error as { code?: string }).code, code);
        assert.match((error as Error).message, message);
        return;
      }
      assert.unreachable();
    });
});
