import { RegistryError } from './registry-error.js';

/** Broken connections and time limits: the next try may go better. A refused connection or an unknown host will not. */
const TRANSIENT = new Set([
  ...['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN'],
  ...[
    'UND_ERR_SOCKET',
    'UND_ERR_CONNECT_TIMEOUT',
    'UND_ERR_HEADERS_TIMEOUT',
    'UND_ERR_BODY_TIMEOUT',
    'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  ],
]);

// OpenSSL's verification results as node:tls names them (https://nodejs.org/api/tls.html#x509-certificate-error-codes).
const UNTRUSTED = new Set([
  ...['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_GET_ISSUER_CERT'],
  ...['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'CERT_UNTRUSTED'],
]);
const INVALID_CERTIFICATE: ReadonlyMap<string, string> = new Map([
  ['CERT_HAS_EXPIRED', 'its certificate has expired'],
  ['CERT_NOT_YET_VALID', 'its certificate is not valid yet'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'its certificate is for another host'],
]);

export function isTransient(error: unknown): boolean {
  return TRANSIENT.has(codeOf(error));
}

/**
 * Say in words why there was no answer from `peer` (host and port).
 * @param isFlagged whether `--tls-verify=false` would change anything
 */
export function connectionError(action: string, peer: string, cause: unknown, isFlagged = true): RegistryError {
  const code = codeOf(cause);
  const facts = { host: peer, cause, retryable: isTransient(cause) };
  const certificate = INVALID_CERTIFICATE.get(code);
  if (UNTRUSTED.has(code)) {
    const problem = `the certificate of ${peer} is signed by an authority that is not trusted here (x509, ${code})`;
    return new RegistryError(action, problem, { ...facts, hint: isFlagged ? `${TRUST_HINT}${OR_SKIP}` : FILE_HINT });
  }
  if (certificate !== undefined) {
    return new RegistryError(action, `${peer} cannot be trusted: ${certificate} (x509, ${code})`, {
      ...facts,
      hint: isFlagged ? SKIP_HINT : undefined,
    });
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) {
    const problem = `${peer} does not speak TLS as expected (${sslReason(cause)})`;
    return new RegistryError(action, problem, { ...facts, hint: plainHint(peer, isFlagged) });
  }
  return new RegistryError(action, unreachable(code, peer, cause), { ...facts, hint: reachHint(code, peer) });
}

const TRUST_HINT = "Name a directory with the authority's certificate (PEM, NAME.crt) with --cert-dir, or the file in SSL_CERT_FILE";
const OR_SKIP = ', or, where nobody can interfere, add --tls-verify=false';
const FILE_HINT = "Name a file with the authority's certificate (PEM) in SSL_CERT_FILE";
const SKIP_HINT = 'Where nobody can interfere, --tls-verify=false goes on without checking the certificate';

function plainHint(peer: string, isFlagged: boolean): string {
  return isFlagged ? `If ${peer} is a plain HTTP registry, add --tls-verify=false` : `If ${peer} speaks plain HTTP, write http://${peer}`;
}

function unreachable(code: string, peer: string, cause: unknown): string {
  switch (code) {
    case 'ECONNREFUSED':
      return `nothing accepts connections at ${peer} (ECONNREFUSED)`;
    case 'ENOTFOUND':
      return `no host of that name is known: ${peer} (ENOTFOUND)`;
    case 'EAI_AGAIN':
      return `the name of ${peer} could not be looked up (EAI_AGAIN)`;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `there is no network route to ${peer} (${code})`;
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return `${peer} did not answer in time (${code})`;
    default:
      return `the connection to ${peer} failed (${code === '' ? String(cause) : code})`;
  }
}

function reachHint(code: string, peer: string): string | undefined {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'Check the spelling of the host name and that this machine has DNS';
  if (code === 'ECONNREFUSED') return `Check that a registry runs at ${peer} and that the port is right`;
  return undefined;
}

function sslReason(cause: unknown): string {
  const { reason, code } = cause as { reason?: unknown; code?: unknown };
  return typeof reason === 'string' ? reason : String(code);
}

function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}
