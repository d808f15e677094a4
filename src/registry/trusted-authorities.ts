import { readFile } from 'node:fs/promises';

/** Where distributions keep the authorities an administrator trusts. @see https://go.dev/src/crypto/x509/root_linux.go */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt', // Debian, Ubuntu, Arch, Alpine
  '/etc/pki/tls/certs/ca-bundle.crt', // Fedora, RHEL
  '/etc/ssl/ca-bundle.pem', // openSUSE
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem', // RHEL 7
  '/etc/ssl/cert.pem',
];

/**
 * The authorities that may vouch for a server: Node's own list, the system's, and `more`, each once. A list given to TLS replaces Node's,
 * and each entry costs time for every context made of it.
 *
 * @param more PEM texts of any number of certificates each
 * @returns PEM texts of one certificate each
 */
export async function readTrustedAuthorities(more: readonly string[]): Promise<readonly string[]> {
  const { rootCertificates } = await import('node:tls');
  const certificates = [...rootCertificates, await readSystemBundle(), ...more].flatMap(certificatesIn);
  // Node breaks the lines of its texts elsewhere than OpenSSL does.
  return [...new Map(certificates.map((text) => [text.replaceAll('\n', ''), text])).values()];
}

async function readSystemBundle(): Promise<string> {
  for (const file of SYSTEM_BUNDLES) {
    try {
      return await readFile(file, 'utf8');
    } catch {
      // Another distribution's place; a machine without any has Node's list.
    }
  }
  return '';
}

function certificatesIn(text: string): readonly string[] {
  return text.replaceAll('\r\n', '\n').match(/-----BEGIN CERTIFICATE-----\n[^-]*-----END CERTIFICATE-----/g) ?? [];
}
