import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { hasCode, UnsupportedFeatureError } from '../../../errors.js';
import { withoutPassword } from '../../../parser/index.js';
import { downloadFile } from '../../../sources/index.js';
import type { Services } from '../../context.js';
import { readCertificates } from '../../registry-access.js';
import { ContainerfileMissingError } from '../read-containerfile.js';
import type { SourceGate } from '../source-gate.js';

/** More is no Containerfile. */
export const MAX_CONTAINERFILE_BYTES = 16 * 2 ** 20;

/** The text of a Containerfile that a web server has. @throws {RegistryError} */
export async function fetchContainerfile(url: string, gate: SourceGate, services: Services): Promise<string> {
  const { identifier } = gate.source({ identifier: url, attrs: {} });
  const directory = mkdtempSync(join(tmpdir(), 'tsbuild-file-'));
  try {
    const file = join(directory, 'Containerfile');
    await downloadFile({
      url: identifier,
      file,
      limitBytes: MAX_CONTAINERFILE_BYTES,
      ca: readCertificates(services),
      proxies: services.settings.proxies,
      signal: services.signal,
    });
    return readFileSync(file, 'utf8');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * A `.in` file through the C preprocessor, as Buildah runs it.
 *
 * @throws {ContainerfileMissingError} the preprocessor refuses it @throws {UnsupportedFeatureError} there is no preprocessor
 */
export async function preprocess(file: string, contextDirectory: string, flags: readonly string[], signal: AbortSignal): Promise<string> {
  const args = ['-E', '-iquote', contextDirectory, '-traditional', '-undef', ...flags, resolve(file)];
  return new Promise((done, reject) => {
    execFile('cpp', args, { signal, maxBuffer: MAX_CONTAINERFILE_BYTES }, (error, stdout, stderr) => {
      if (error === null) return done(stdout);
      if (signal.aborted) return reject(signal.reason);
      const missing = 'The C preprocessor "cpp" is not installed';
      if (hasCode(error, 'ENOENT'))
        return reject(new UnsupportedFeatureError(missing, { hint: 'Install it: apt-get install cpp', cause: error }));
      const said = stderr.trim().split('\n')[0] || error.message;
      reject(new ContainerfileMissingError(`Cannot preprocess the Containerfile "${withoutPassword(file)}": ${said}`, { cause: error }));
    });
  });
}
