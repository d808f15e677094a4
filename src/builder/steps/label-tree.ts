import { constants } from 'node:fs';
import { hasCode, UnsupportedFeatureError } from '../../errors.js';
import { closeFd, type Fd, getXattr, O_PATH, openat2, setXattr, walk } from '../../sys/index.js';

const ATTRIBUTE = 'security.selinux';

/**
 * Give `root` and everything below it an SELinux label, links themselves. What has it is not gone through again.
 *
 * @throws {UnsupportedFeatureError} the policy, or the file system, does not let it be changed
 */
export async function labelTree(root: Fd, label: string): Promise<void> {
  const value = Buffer.from(`${label}\0`);
  try {
    if (getXattr(root, ATTRIBUTE)?.equals(value) === true) return;
    for (const entry of await walk(root).catch(noTree)) {
      const fd = openat2(root, entry.path, { flags: O_PATH | constants.O_NOFOLLOW });
      try {
        setXattr(fd, ATTRIBUTE, value);
      } finally {
        closeFd(fd);
      }
    }
    // Last, so that one that was interrupted is gone through again.
    setXattr(root, ATTRIBUTE, value);
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EOPNOTSUPP', 'EINVAL', 'EROFS'].some((code) => hasCode(error, code))) throw error;
    throw new UnsupportedFeatureError(`cannot label what is mounted with ${JSON.stringify(label)}: ${(error as Error).message}`, {
      hint: 'Mount it without "z" and "Z", or run the command with --security-opt label=disable',
      cause: error,
    });
  }
}

/** A file has nothing below it. */
function noTree(error: unknown): readonly [] {
  if (hasCode(error, 'ENOTDIR')) return [];
  throw error;
}
