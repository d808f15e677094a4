import { copyEntries, type Fd, type Tree, walk } from '../sys/index.js';

/**
 * Copy all of a tree into an empty directory, its own attributes included.
 *
 * @param options.share make the copy's files further names of the source's, where the file system allows it: for trees in which nothing is
 *   ever written to in place. Otherwise contents are cloned where it can do that, and copied where it cannot
 * @returns the source as it was read
 */
export async function copyTree(source: Fd, target: Fd, { share }: { readonly share: boolean }): Promise<Tree> {
  const tree = await walk(source);
  const root = { from: Buffer.alloc(0), to: Buffer.alloc(0) };
  const entries = [root, ...Array.from(tree, ({ path }) => ({ from: path, to: path }))];
  await copyEntries({ source, target, entries, xattrs: true, earlier: share ? { root: source, isSame: () => true } : undefined });
  return tree;
}
