import {
  type ArgInstruction,
  type Containerfile,
  type Directives,
  ExpansionError,
  expandWord,
  type FromInstruction,
  type Instruction,
} from '../parser/index.js';
import type { LintFacts } from './facts.js';
import type { LintedBase, LintedFile, LintedStage, StageWalk } from './linted-stage.js';
import { walkStage } from './walk-stage.js';

export function lintedFile(containerfile: Containerfile, facts: LintFacts): LintedFile {
  const globalArgs: ArgInstruction[] = [];
  const sections: { readonly from: FromInstruction; readonly instructions: Instruction[] }[] = [];
  for (const instruction of containerfile.instructions) {
    if (instruction.keyword === 'FROM') sections.push({ from: instruction, instructions: [] });
    else if (sections.length > 0) sections.at(-1)?.instructions.push(instruction);
    else if (instruction.keyword === 'ARG') globalArgs.push(instruction);
  }
  const { directives } = containerfile;
  const globals = globalValues(globalArgs, facts, facts.buildArgs, directives);
  const names: (string | undefined)[] = [];
  const allStages = sections.map((section, index): LintedStage => {
    const base = baseOf(section.from, index, names, globals, facts, directives);
    names.push(section.from.stageName);
    return { index, ...section, base };
  });
  const walks = new Map<number, StageWalk>();
  const file: LintedFile = {
    containerfile,
    facts,
    globalArgs,
    allStages,
    stages: allStages.filter(({ index }) => facts.stages?.has(index) ?? true),
    globals,
    declaredGlobals: new Set([...facts.automaticArgs.keys(), ...globalArgs.flatMap(({ args }) => args.map(({ name }) => name))]),
    defaultGlobals: facts.buildArgs.size === 0 ? globals : globalValues(globalArgs, facts, new Map(), directives),
    walk(stage) {
      let walk = walks.get(stage.index);
      if (walk === undefined) {
        walk = walkStage(file, stage);
        walks.set(stage.index, walk);
      }
      return walk;
    },
  };
  return file;
}

function globalValues(
  globalArgs: readonly ArgInstruction[],
  facts: LintFacts,
  buildArgs: ReadonlyMap<string, string>,
  directives: Directives,
): ReadonlyMap<string, string> {
  const values = new Map([...facts.automaticArgs].map(([name, value]) => [name, buildArgs.get(name) ?? value]));
  for (const { name, defaultValue } of globalArgs.flatMap(({ args }) => args)) {
    const value = buildArgs.get(name) ?? expanded(defaultValue, values, directives);
    if (value !== undefined) values.set(name, value);
  }
  return values;
}

function baseOf(
  from: FromInstruction,
  index: number,
  names: readonly (string | undefined)[],
  globals: ReadonlyMap<string, string>,
  facts: LintFacts,
  directives: Directives,
): LintedBase {
  const name = expanded(from.image, globals, directives) ?? '';
  if (name === 'scratch') return { kind: 'scratch' };
  if (facts.namedContexts?.includes(name) === true) return { kind: 'image' };
  const stage = names.lastIndexOf(name.toLowerCase());
  if (stage !== -1) return { kind: 'stage', index: stage };
  return /^\d+$/.test(name) && Number(name) < index ? { kind: 'stage', index: Number(name) } : { kind: 'image' };
}

/** `undefined` for no text, and for one that cannot be expanded, which is an error of its own. */
function expanded(text: string | undefined, values: ReadonlyMap<string, string>, directives: Directives): string | undefined {
  if (text === undefined) return undefined;
  try {
    return expandWord(text, { lookup: (name) => values.get(name), escape: directives.escape });
  } catch (error) {
    if (error instanceof ExpansionError) return undefined;
    throw error;
  }
}
