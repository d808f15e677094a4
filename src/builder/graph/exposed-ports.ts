import { Fault } from '../../parser/index.js';

const MAX_PORT = 65_535;

/**
 * The ports one word of EXPOSE names, as `80/tcp`: `[ip:][host:]port[-end][/protocol]`. Ranges are unrolled; address and host port mean
 * nothing in an image.
 * @throws {Fault} with the words of Docker
 */
export function parsePorts(word: string): string[] {
  const slash = word.lastIndexOf('/');
  const protocol = slash === -1 ? 'tcp' : word.slice(slash + 1).toLowerCase();
  const spec = slash === -1 ? word : word.slice(0, slash);
  if (!['tcp', 'udp', 'sctp'].includes(protocol)) throw new Fault(`invalid proto: ${word.slice(slash + 1)}`);
  const parts = spec.split(':');
  const container = parts.at(-1) ?? '';
  const host = parts.length > 1 ? (parts.at(-2) ?? '') : '';
  const address = parts
    .slice(0, -2)
    .join(':')
    .replace(/^\[(.*)\]$/, '$1');
  if (address !== '' && !isAddress(address)) throw new Fault(`invalid IP address: ${address}`);
  if (container === '') throw new Fault(`invalid port: ${JSON.stringify(word)}`, undefined, 'A port is a number, or two with - between');
  const range = parseRange(container);
  if (range === undefined) throw new Fault(`invalid containerPort: ${container}`);
  const hostRange = host === '' ? undefined : parseRange(host);
  if (host !== '' && hostRange === undefined) throw new Fault(`invalid hostPort: ${host}`);
  const [first, last] = range;
  if (hostRange !== undefined && first !== last && hostRange[1] - hostRange[0] !== last - first) {
    throw new Fault(`invalid ranges specified for container and host Ports: ${container} and ${host}`);
  }
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol}`);
}

/** The URL standard knows both families; its IPv4 is laxer than an address may be. */
function isAddress(text: string): boolean {
  if (text.includes(':')) return URL.canParse(`http://[${text}]/`);
  const bytes = text.split('.');
  return bytes.length === 4 && bytes.every((byte) => /^(?:0|[1-9]\d{0,2})$/.test(byte) && Number(byte) <= 255);
}

function parseRange(text: string): [number, number] | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  return last > MAX_PORT || first > last ? undefined : [first, last];
}
