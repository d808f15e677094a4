import * as assert from 'uvu/assert';
import { knownLayer, UnpublishedFiles } from '../../../../src/builder/steps/layer-state.js';
import type { ContentDigest, DiffId } from '../../../../src/image/index.js';
import { rejects } from '../../../support/rejects.js';
import { suite } from '../../../support/suite.js';

const WORKING = { dir: '/w', upper: '/w/upper', work: '/w/work' };

suite('builder/steps/layer-state', (test) => {
  test('publish() renames at once when nobody holds the files', async () => {
    const files = new UnpublishedFiles(WORKING);
    let renames = 0;
    assert.is(files.published, false);
    files.publish(() => renames++);
    await files.whenPublished;
    assert.is(renames, 1);
    assert.is(files.published, true);
  });

  test('publish() waits for the last holder', async () => {
    const files = new UnpublishedFiles(WORKING);
    let renames = 0;
    const releases = [files.hold(), files.hold()];
    files.publish(() => renames++);
    releases[0]!();
    releases[0]!();
    assert.is(renames, 0, 'releasing twice counts once');
    releases[1]!();
    assert.is(renames, 1);
    await files.whenPublished;
  });

  test('hold() after publishing changes nothing', () => {
    const files = new UnpublishedFiles(WORKING);
    let renames = 0;
    files.publish(() => renames++);
    files.hold()();
    assert.is(renames, 1);
  });

  test('publish() that fails reaches whoever waits, not the holder', async () => {
    const files = new UnpublishedFiles(WORKING);
    const release = files.hold();
    files.publish(() => {
      throw new Error('no space');
    });
    release();
    await rejects(files.whenPublished, { message: /no space/ });
    assert.is(files.published, false);
    files.hold()();
  });

  test('abandon() tells whoever waits', async () => {
    const files = new UnpublishedFiles(WORKING);
    files.abandon(new Error('no blob'));
    await rejects(files.whenPublished, { message: /no blob/ });
    assert.is(files.published, false);
  });

  test('knownLayer() is complete', async () => {
    const identity = { diffId: 'sha256:1' as DiffId, contentDigest: 'sha256:2' as ContentDigest, empty: false };
    const layer = knownLayer(identity);
    assert.is(await layer.identity, identity);
    await layer.stored;
    assert.is(layer.files, undefined);
  });
});
