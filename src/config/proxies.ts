import { type Environment, readVariable } from './environment.js';

export interface Proxies {
  readonly http: string | undefined;
  readonly https: string | undefined;
  /** Comma-separated hosts that are reached directly. */
  readonly except: string | undefined;
}

/** The variables a RUN inherits, in both cases, as Buildah passes them. */
const PROXY_VARIABLES = [
  'http_proxy',
  'https_proxy',
  'ftp_proxy',
  'no_proxy',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'FTP_PROXY',
  'NO_PROXY',
  'all_proxy',
  'ALL_PROXY',
];

/** Proxies for our own requests. Lower case wins, as in curl; HTTP_PROXY in capitals is a request header inside a CGI program. */
export function readProxies(environment: Environment): Proxies {
  const either = (name: string): string | undefined => readVariable(environment, name) ?? readVariable(environment, name.toUpperCase());
  return {
    http: either('http_proxy') ?? either('all_proxy'),
    https: either('https_proxy') ?? either('all_proxy'),
    except: either('no_proxy'),
  };
}

/** The proxy variables that are set, exactly as they are set. */
export function readProxyEnvironment(environment: Environment): Readonly<Record<string, string>> {
  const set = PROXY_VARIABLES.map((name) => [name, readVariable(environment, name)] as const);
  return Object.fromEntries(set.filter((entry): entry is [string, string] => entry[1] !== undefined));
}
