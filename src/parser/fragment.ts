import { isSpace } from './blank.js';

/** A piece of an instruction's logical line and where in that line it begins, so that an error can point at it. */
export interface Fragment {
  readonly text: string;
  /** Index in the logical line. */
  readonly at: number;
}

export function sliceFragment(fragment: Fragment, start: number, end = fragment.text.length): Fragment {
  return { text: fragment.text.slice(start, end), at: fragment.at + start };
}

export function trimFragment(fragment: Fragment): Fragment {
  let start = 0;
  let end = fragment.text.length;
  while (start < end && isSpace(fragment.text.charAt(start))) start++;
  while (end > start && isSpace(fragment.text.charAt(end - 1))) end--;
  return start === 0 && end === fragment.text.length ? fragment : sliceFragment(fragment, start, end);
}

/** A mistake in one instruction, before it is known where in the file that is. */
export class Fault extends Error {
  /**
   * @param at the place, an index in the logical line; none: the instruction's keyword
   * @param word the text in question as it is written, where only that is known of the place
   */
  constructor(
    readonly problem: string,
    readonly at?: number,
    readonly hint?: string,
    readonly word?: string,
  ) {
    super(problem);
  }
}
