/** Which proxies requests go through, as the variables http_proxy, https_proxy and no_proxy say. */
export interface ProxyOptions {
  /** URL, or `host:port`. */
  readonly http: string | undefined;
  readonly https: string | undefined;
  /** Hosts that are reached directly: `name`, `.suffix`, `name:port`, an address, or `*`; separated by commas or blanks. */
  readonly except: string | undefined;
}

/**
 * The proxy for a request; undefined: none. This machine itself is always reached directly.
 *
 * A name in `except` stands for its subdomains too, as with curl; address ranges (`10.0.0.0/8`) are compared with IPv4 addresses only.
 */
export function proxyFor(url: URL, { http, https, except }: ProxyOptions): URL | undefined {
  const proxy = url.protocol === 'https:' ? https : http;
  if (proxy === undefined || proxy === '' || isLoopback(url.hostname)) return undefined;
  const entries = (except ?? '').split(/[,\s]+/).filter((entry) => entry !== '');
  if (entries.some((entry) => isExcepted(url, entry.toLowerCase()))) return undefined;
  return new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(?:\.\d+){3}$/.test(host);
}

function isExcepted(url: URL, entry: string): boolean {
  if (entry === '*') return true;
  const range = /^(\d+(?:\.\d+){3})\/(\d{1,2})$/.exec(entry);
  if (range !== null) return isInside(url.hostname, range[1]!, Number(range[2]));
  // More than one colon: an IPv6 address, which has no port here.
  const [, name = '', port] = (/:.*:/.test(entry) ? [entry, entry] : /^(?:\*?\.)?(.*?)(?::(\d+))?$/.exec(entry)) ?? [];
  if (port !== undefined && port !== (url.port || (url.protocol === 'https:' ? '443' : '80'))) return false;
  const host = url.hostname.replace(/\.$/, '');
  return host === name || host === `[${name}]` || host.endsWith(`.${name}`);
}

function isInside(host: string, network: string, bits: number): boolean {
  const address = numberOf(host);
  const base = numberOf(network);
  if (address === undefined || base === undefined || bits > 32) return false;
  const size = 2 ** (32 - bits);
  return Math.floor(address / size) === Math.floor(base / size);
}

function numberOf(address: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address)?.slice(1).map(Number);
  return parts?.reduce((sum, part) => sum * 256 + part, 0);
}
