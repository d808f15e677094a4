import { GLOBAL_FLAGS } from '../flags/global-flags.js';
import { describeFlags } from '../program/help.js';
import { buildahFlagsPage } from './buildah-flags-page.js';
import { commandPages } from './command-page.js';
import { manPage, programManPage } from './man-page.js';
import { markdownIndex, markdownPage } from './markdown-page.js';

/** Texts of the manual by the path below the project. */
export type Manual = ReadonlyMap<string, string>;

/** Where the Markdown pages are. Everything in it is one of them. */
export const MARKDOWN_DIR = 'docs/commands';
/** Where the pages for man(1) are. */
export const MAN_DIR = 'man';

/** The whole manual. The same definitions give the same texts. */
export async function writeManual(version: string): Promise<Manual> {
  const pages = await commandPages();
  const globalFlags = describeFlags(GLOBAL_FLAGS);
  return new Map([
    [`${MARKDOWN_DIR}/README.md`, markdownIndex(pages, globalFlags)],
    [`${MARKDOWN_DIR}/buildah-flags.md`, await buildahFlagsPage()],
    [`${MAN_DIR}/tsbuild.1`, programManPage(pages, globalFlags, version)],
    ...pages.flatMap((page): [string, string][] => [
      [`${MARKDOWN_DIR}/${page.file}.md`, markdownPage(page)],
      [`${MAN_DIR}/tsbuild-${page.file}.1`, manPage(page, version)],
    ]),
  ]);
}
