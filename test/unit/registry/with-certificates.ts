import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { demand } from '../../support/docker-registry.js';
import { withTempDir } from '../../support/temp-dir.js';

export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** An authority, a server's certificate for 127.0.0.1 and a client's, both signed by it. */
export async function withCertificates<T>(body: (made: { ca: string; server: Pair; client: Pair }) => Promise<T>): Promise<T> {
  demand('openssl');
  return withTempDir((directory) => {
    const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'ignore' });
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const read = (name: string) => readFileSync(join(directory, name), 'utf8');
    openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '2', '-subj', '/CN=authority');
    writeFileSync(join(directory, 'names'), 'subjectAltName=IP:127.0.0.1\n');
    const sign = (name: string): Pair => {
      openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
      const authority = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names'];
      openssl('x509', '-req', '-in', `${name}.csr`, ...authority, '-out', `${name}.crt`);
      return { cert: read(`${name}.crt`), key: read(`${name}.key`) };
    };
    return body({ ca: read('ca.crt'), server: sign('server'), client: sign('client') });
  });
}
