import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { demand } from '../docker-registry.js';

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  /** PEM text. */
  readonly ca: string;
  /** A server's certificate for 127.0.0.1, today, unless said otherwise. */
  readonly certify: (name: string, lie?: { readonly host?: string; readonly days?: number }) => KeyPair;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** An authority whose files are in `directory`. Skips the test where there is no openssl. */
export function makeAuthority(directory: string, subject: string): Authority {
  demand('openssl');
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'ignore' });
  const read = (file: string) => readFileSync(join(directory, file), 'utf8');
  const own = `authority-${subject}`;
  openssl('req', '-x509', ...NEW_KEY, '-keyout', `${own}.key`, '-out', `${own}.crt`, '-days', '2', '-subj', `/CN=${subject}`);
  return {
    ca: read(`${own}.crt`),
    certify: (name, { host = 'IP:127.0.0.1', days = 2 } = {}) => {
      const file = `${subject}-${name}`;
      writeFileSync(join(directory, `${file}.names`), `subjectAltName=${host}\n`);
      openssl('req', ...NEW_KEY, '-keyout', `${file}.key`, '-out', `${file}.csr`, '-subj', `/CN=${name}`);
      const signer = ['-CA', `${own}.crt`, '-CAkey', `${own}.key`, '-CAcreateserial', '-days', String(days), '-extfile', `${file}.names`];
      openssl('x509', '-req', '-in', `${file}.csr`, ...signer, '-out', `${file}.crt`);
      return { cert: read(`${file}.crt`), key: read(`${file}.key`) };
    },
  };
}
