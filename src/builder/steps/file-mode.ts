const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const PERMISSIONS = 0o7777;

const READ = 0o444;
const WRITE = 0o222;
const EXECUTE = 0o111;
const WHO: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o1007 };
const EVERYBODY = 0o7777;

/**
 * The permission bits a file gets by `--chmod`: octal digits set them, clauses change them.
 *
 * @param mode type and permission bits of the file
 * @param change checked before: `0755`, `u=rwX,go=rX`, `+x`, `g=u`
 * @see https://man7.org/linux/man-pages/man1/chmod.1.html
 */
export function changeMode(mode: number, change: string): number {
  if (/^[0-7]+$/.test(change)) return Number.parseInt(change, 8) & PERMISSIONS;
  return change.split(',').reduce((current, clause) => applyClause(current, clause), mode) & PERMISSIONS;
}

function applyClause(mode: number, clause: string): number {
  const who = /^[ugoa]*/.exec(clause)?.[0] ?? '';
  const mask = who === '' || who.includes('a') ? EVERYBODY : [...who].reduce((bits, letter) => bits | (WHO[letter] ?? 0), 0);
  let result = mode;
  for (const [, operator = '', permissions = ''] of clause.slice(who.length).matchAll(/([-+=])([ugorwxXst]*)/g)) {
    const bits = bitsOf(permissions, result) & mask;
    if (operator === '+') result |= bits;
    else if (operator === '-') result &= ~bits;
    // `=` on a directory keeps its set-user-id and set-group-id bits unless they are named, as GNU chmod does.
    else result = (result & ~(mask & ((result & S_IFMT) === S_IFDIR ? 0o1777 : PERMISSIONS))) | bits;
  }
  return result;
}

function bitsOf(permissions: string, mode: number): number {
  let bits = 0;
  for (const letter of permissions) {
    if (letter === 'r') bits |= READ;
    else if (letter === 'w') bits |= WRITE;
    else if (letter === 'x') bits |= EXECUTE;
    else if (letter === 'X') bits |= (mode & S_IFMT) === S_IFDIR || (mode & EXECUTE) !== 0 ? EXECUTE : 0;
    else if (letter === 's') bits |= 0o6000;
    else if (letter === 't') bits |= 0o1000;
    else if (letter === 'u') bits |= spread((mode >> 6) & 7);
    else if (letter === 'g') bits |= spread((mode >> 3) & 7);
    else if (letter === 'o') bits |= spread(mode & 7);
  }
  return bits;
}

/** The same three bits for user, group and others. */
function spread(bits: number): number {
  return (bits << 6) | (bits << 3) | bits;
}
