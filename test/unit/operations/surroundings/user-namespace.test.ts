import * as assert from 'uvu/assert';
import { checkUserNamespace, type UserNamespaceOptions } from '../../../../src/operations/surroundings/user-namespace.js';
import { suite } from '../../../support/suite.js';

const NOTHING: UserNamespaceOptions = { uidMaps: [], gidMaps: [] };

suite('checkUserNamespace()', (test) => {
  test('what is the case anyway is fine', () => {
    for (const userns of [undefined, '', 'host'])
      for (const rootless of [true, false]) checkUserNamespace({ ...NOTHING, userns }, rootless);
    for (const userns of ['private', 'auto', 'auto:size=65536']) checkUserNamespace({ ...NOTHING, userns }, true);
    checkUserNamespace({ uidMaps: ['0:0:65536'], gidMaps: ['0:0:1,1:1:65535'] }, true);
  });

  const refused: readonly (readonly [options: Partial<UserNamespaceOptions>, rootless: boolean, code: string])[] = [
    [{ userns: 'private' }, false, 'UNSUPPORTED'],
    [{ userns: 'ns:/proc/1/ns/user' }, true, 'UNSUPPORTED'],
    [{ uidMaps: ['0:100000:65536'] }, true, 'UNSUPPORTED'],
    [{ gidMapGroup: 'builders' }, true, 'UNSUPPORTED'],
    [{ uidMaps: ['0:1'] }, true, 'USAGE'],
    [{ userns: 'mine' }, true, 'USAGE'],
  ];
  for (const [options, rootless, code] of refused)
    test(`${JSON.stringify(options)} is refused`, () => {
      try {
        checkUserNamespace({ ...NOTHING, ...options }, rootless);
      } catch (error) {
        assert.is((error as { code?: string }).code, code);
        return;
      }
      assert.unreachable();
    });
});
