import type { SelectedSource } from '../../context/index.js';
import type { StepKey } from '../scheduler/index.js';
import { contentOf, type RootState } from './root-state.js';
import { definitionOf, type StepInputs } from './step-definition.js';

/** What a step takes from a tree, as its key knows it. */
export interface Selection {
  /** What it was taken from, where that has a name of its own: `the named context "x"`. */
  readonly origin?: string | undefined;
  /** `file:<hex>`, `dir:<hex>` or `multi:<hex>`. */
  readonly digest: string;
  /** What was selected of a build context: a copy takes just what its key is made of. */
  readonly selected?: readonly SelectedSource[] | undefined;
  /** What it holds; absent when the digest was remembered, and the tree not looked at. */
  readonly entries?: (() => Iterable<SelectionEntry>) | undefined;
}

export interface SelectionEntry {
  readonly path: string;
  readonly mode: number;
  readonly size: number;
  readonly content: string;
  readonly owner: string;
}

/** A key that can be explained: it remembers what went into it. */
export interface ExplainableKey extends StepKey {
  readonly inputs: StepInputs;
  /** Selections among the inputs, by the input's name. */
  readonly selections: Readonly<Record<string, Selection>>;
}

export function explainableKey(
  kind: string,
  inputs: StepInputs,
  parent: RootState,
  selections: Readonly<Record<string, Selection>> = {},
): ExplainableKey {
  return { definition: definitionOf(kind, inputs), parentContent: () => contentOf(parent), inputs, selections };
}

export function isExplainable(key: StepKey): key is ExplainableKey {
  return 'inputs' in key && 'selections' in key;
}
