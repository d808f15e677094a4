import * as assert from 'uvu/assert';
import type { Stage, Step } from '../../../../src/builder/graph/index.js';
import { placesOf } from '../../../../src/operations/build/step-places.js';
import { suite } from '../../../support/suite.js';

const ORIGIN = { containerfile: '/src/Containerfile', base: undefined };

function stage(name: string | undefined, index: number): Stage {
  return { name, index } as Stage;
}

function steps(...texts: string[]): Step[] {
  return texts.map((display) => ({ display, kind: display.startsWith('RUN') ? 'run' : 'config' }) as Step);
}

suite('placesOf()', (test) => {
  test('only steps that change files are counted, and repetitions of a text', () => {
    const places = placesOf(stage('build', 3), steps('RUN a', 'ENV b=c', 'RUN a', 'RUN d'), ORIGIN);
    assert.equal(
      places.map(({ position, repetition, text }) => [position, repetition, text]),
      [
        [0, 0, 'RUN a'],
        [1, 0, 'ENV b=c'],
        [1, 1, 'RUN a'],
        [2, 0, 'RUN d'],
      ],
    );
    assert.ok(places.every((place) => place.stage === 'build' && place.containerfile === '/src/Containerfile'));
  });

  test('a stage without a name goes by its number; a long text by its beginning', () => {
    const [place] = placesOf(stage(undefined, 3), steps(`RUN ${'x'.repeat(5000)}`), ORIGIN);
    assert.equal([place?.stage, place?.text.length], ['3', 1000]);
  });
});
