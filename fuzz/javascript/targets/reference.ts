import { candidateNames, formatReference, isShortName, localName, parseReference } from '../../../src/image/index.js';
import { demand, type FuzzTarget } from '../target.js';

const HEX = 'a'.repeat(64);

/** What may stand in a URL's path and in a file name without meaning anything there. */
const HARMLESS = /^[a-zA-Z0-9.:[\]-]+\/[a-z0-9._/-]+(?::[\w.-]{1,128})?(?:@sha(?:256|512):[0-9a-f]+)?$/;

export const reference: FuzzTarget = {
  name: 'reference',
  words: [
    'docker.io',
    'localhost',
    'library/',
    ':5000',
    '[::1]',
    '..',
    '//',
    '__',
    ':latest',
    `@sha256:${HEX}`,
    '@sha512:',
    '@',
    'É',
    '%2f',
  ],
  run(input) {
    const text = input.toString('utf8');
    const parsed = parseReference(text);
    const canonical = formatReference(parsed);
    demand(HARMLESS.test(canonical), `accepted ${JSON.stringify(text)} as ${JSON.stringify(canonical)}`);
    demand(!canonical.split(/[/:@]/).some((part) => part === '..' || part === '.'), `a step upwards in ${JSON.stringify(canonical)}`);
    demand(formatReference(parseReference(canonical)) === canonical, `${JSON.stringify(canonical)} is not its own canonical name`);
    const short = isShortName(text);
    demand(candidateNames(text, { searchRegistries: ['quay.io'], local: true }).length > 0, 'no name to try');
    if (parsed.digest === undefined) demand(parseReference(localName(text)).tag !== undefined, 'a local name without a tag');
    return `${short} ${parsed.tag !== undefined} ${parsed.digest?.length} ${parsed.repository.split('/').length} ${parsed.registry.includes(':')}`;
  },
};
