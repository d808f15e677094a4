import { UnsupportedFeatureError, UsageError } from '../../errors.js';

/**
 * What `--format` of the commands that copy images says; undefined: the image's own.
 *
 * @throws {UsageError} no format @throws {UnsupportedFeatureError} schema 1
 */
export function chosenFormat(text: string | undefined): 'oci' | 'docker' | undefined {
  switch (text) {
    case undefined:
    case 'oci':
    case 'docker':
      return text;
    case 'v2s2':
      return 'docker';
    case 'v2s1':
      throw new UnsupportedFeatureError('Docker schema 1 manifests (v2s1) are not written: registries no longer take them');
    default:
      throw new UsageError(`unknown format ${JSON.stringify(text)}`, { hint: 'Use oci or v2s2 (docker)' });
  }
}
