import { loadAddon } from './addon.js';

const USUAL_BYTES = 8;

/** A name nobody else has: hexadecimal digits of `bytes` random bytes. @see https://man7.org/linux/man-pages/man2/getrandom.2.html */
export function randomName(bytes = USUAL_BYTES): string {
  return loadAddon().getrandom(bytes).toString('hex');
}
