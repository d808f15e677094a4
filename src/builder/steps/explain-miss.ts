import type { Difference } from '../../progress.js';
import { changesBetween } from './selection-changes.js';
import type { SelectionEntry } from './step-key.js';

/** A step as it is compared with another one. */
export interface ComparedStep {
  /** The instruction as written. */
  readonly text: string;
  /** Digests by name. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Content digest of what it runs on. */
  readonly parent: string;
  /** Manifest digest of the image its stage goes back to. */
  readonly base: string | undefined;
}

/** How much two steps differ: the number of inputs that are not the same, text and parent included. */
export function distanceBetween(before: ComparedStep, after: ComparedStep): number {
  return changedInputs(before, after).length + Number(before.parent !== after.parent) + Number(before.text !== after.text);
}

/** What a step is listed with: lists of the files behind an input, before and after; undefined where one is not known. */
export type ListsOf = (input: string) => Promise<readonly [Iterable<SelectionEntry>, Iterable<SelectionEntry>] | undefined>;

/** What differs, the most telling first: the text, variables, files, mounts, everything else, then what the step stands on. */
export async function differencesBetween(
  before: ComparedStep,
  after: ComparedStep,
  listsOf: ListsOf,
  originOf: (input: string) => string | undefined = () => undefined,
): Promise<readonly Difference[]> {
  const isRewritten = before.text !== after.text;
  const found: Difference[] = isRewritten ? [{ kind: 'instruction', before: before.text, after: after.text }] : [];
  for (const name of changedInputs(before, after).sort()) {
    if (isRewritten && TOLD_BY_TEXT.has(name)) continue;
    found.push(await inputDifference(name, { before: before.inputs[name], after: after.inputs[name] }, listsOf, originOf(name)));
  }
  found.sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
  if (before.parent === after.parent) return found;
  // The same layers under another manifest are the same parent; so where both differ, the image is where it began.
  return before.base === after.base
    ? [...found, { kind: 'parent', before: before.parent, after: after.parent }]
    : [...found, { kind: 'base-image', before: before.base, after: after.base }];
}

/** Inputs that an instruction spells out itself. */
const TOLD_BY_TEXT: ReadonlySet<string> = new Set(['run.command', 'run.script', 'copy.destination', 'directory.paths']);
const ORDER: readonly Difference['kind'][] = ['instruction', 'variable', 'files', 'mount', 'input'];
/** More are counted, not told. */
const MAX_FILES = 5;

function changedInputs(before: ComparedStep, after: ComparedStep): string[] {
  const names = new Set([...Object.keys(before.inputs), ...Object.keys(after.inputs)]);
  return [...names].filter((name) => before.inputs[name] !== after.inputs[name]);
}

interface Change {
  readonly before: string | undefined;
  readonly after: string | undefined;
}

async function inputDifference(name: string, change: Change, listsOf: ListsOf, context: string | undefined): Promise<Difference> {
  const prefix = name.slice(0, name.indexOf('.'));
  const rest = name.slice(prefix.length + 1);
  if (prefix === 'env') return { kind: 'variable', instruction: 'ENV', name: rest, ...change };
  if (prefix === 'arg') return { kind: 'variable', instruction: 'ARG', name: rest, ...change };
  const lists = await listsOf(name);
  const changes = lists === undefined ? [] : changesBetween(...lists);
  if (changes.length > 0) {
    const origin = context === undefined ? {} : { context };
    const files = { kind: 'files', ...origin, count: changes.length, files: changes.slice(0, MAX_FILES) } as const;
    return prefix === 'mount' ? { ...files, mount: rest } : files;
  }
  return prefix === 'mount' ? { kind: 'mount', target: rest, ...change } : { kind: 'input', name, ...change };
}
