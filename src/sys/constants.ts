/**
 * Flags of the kernel that `node:fs` does not name; the rest (`O_DIRECTORY`, `O_NOFOLLOW`, `S_IFMT`, ...) are in
 * `constants` of `node:fs`, with the values of this processor.
 */

/** open(2): a descriptor that only names a file; opens anything, a symbolic link or a fifo too, without side effects. */
export const O_PATH = 0o10000000; // asm-generic/fcntl.h

/** Instead of a directory descriptor: relative to the working directory. @see https://man7.org/linux/man-pages/man2/openat.2.html */
export const AT_FDCWD = -100; // linux/fcntl.h
/** statat, fchownat, utimensat: act on a symbolic link itself. */
export const AT_SYMLINK_NOFOLLOW = 0x100; // linux/fcntl.h
/** unlinkat: remove a directory. */
export const AT_REMOVEDIR = 0x200; // linux/fcntl.h
/** linkat: follow a symbolic link in the last component. */
export const AT_SYMLINK_FOLLOW = 0x400; // linux/fcntl.h
/** With an empty path: act on the descriptor itself. */
export const AT_EMPTY_PATH = 0x1000; // linux/fcntl.h

/** openat2: do not cross mount points. */
/** openat2: refuse links such as /proc/self/exe, which lead anywhere. */
export const RESOLVE_NO_MAGICLINKS = 0x02; // linux/openat2.h
/** openat2: refuse symbolic links in every component. */
export const RESOLVE_NO_SYMLINKS = 0x04; // linux/openat2.h
/** openat2: fail with EXDEV rather than leave the directory. */
export const RESOLVE_BENEATH = 0x08; // linux/openat2.h
/** openat2: the directory is the root; absolute links and `..` stay inside. */
export const RESOLVE_IN_ROOT = 0x10; // linux/openat2.h
