import * as assert from 'uvu/assert';
import { processEnvironment, readVariable } from '../../../src/config/environment.js';
import { suite } from '../../support/suite.js';

suite('config/environment', (test) => {
  test('processEnvironment() has the variables of the process and nothing else', () => {
    const environment = processEnvironment();
    assert.equal(Object.entries(environment), Object.entries(process.env));
    assert.is(environment.constructor, undefined);
    assert.is(readVariable(environment, 'toString'), undefined);
  });

  test('processEnvironment() is a copy', () => {
    const environment = processEnvironment();
    process.env.TSBUILD_ENVIRONMENT_TEST = 'later';
    assert.is(environment.TSBUILD_ENVIRONMENT_TEST, undefined);
    delete process.env.TSBUILD_ENVIRONMENT_TEST;
  });
});
