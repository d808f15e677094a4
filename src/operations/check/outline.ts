import type { Stage } from '../../builder/graph/index.js';
import { UsageError } from '../../errors.js';
import {
  type ArgInstruction,
  combineSyntaxErrors,
  ExpansionError,
  expandWord,
  Fault,
  type Instruction,
  type Mount,
  resolveMount,
} from '../../parser/index.js';
import type { Services } from '../context.js';
import { describedBy } from './doc-comment.js';
import { type OpenOptions, withResolvedFile } from './open-file.js';
import type { ResolvedFile } from './resolved-file.js';

/** What a target can be given: `--call=outline`. */
export interface Outline {
  /** Of the target; `undefined` when it has none. */
  readonly name: string | undefined;
  readonly description: string | undefined;
  readonly args: readonly OutlinedArg[];
  readonly secrets: readonly OutlinedMount[];
  readonly ssh: readonly OutlinedMount[];
  readonly cache: readonly { readonly id: string; readonly line: number }[];
}

export interface OutlinedArg {
  readonly name: string;
  readonly description: string | undefined;
  /** The value it would have in this build; `undefined`: none. */
  readonly value: string | undefined;
  readonly line: number;
}

export interface OutlinedMount {
  readonly name: string;
  readonly required: boolean;
  readonly line: number;
}

/** @throws {ContainerfileSyntaxError} the file cannot be built */
export async function outline(options: OpenOptions, services: Services): Promise<Outline> {
  if (options.targets.length > 1) throw new UsageError('--call=outline is about one target');
  return withResolvedFile(options, services, async (file) => {
    if (file.graph === undefined) throw combineSyntaxErrors(file.errors);
    const { target, stages } = file.graph;
    const mounts = stages.flatMap(({ instructions }) => instructions.flatMap(mountsOf));
    const asked = (type: 'secret' | 'ssh'): readonly OutlinedMount[] =>
      byName(mounts.flatMap(({ mount, line }) => (mount.type === type ? [{ name: mount.id, required: mount.required, line }] : [])));
    return {
      name: target.from.writtenStageName,
      description: describedBy(target.from.comments, target.from.writtenStageName ?? ''),
      args: outlinedArgs(file, stages),
      secrets: asked('secret'),
      ssh: asked('ssh'),
      cache: mounts.flatMap(({ mount, line }) => (mount.type === 'cache' ? [{ id: mount.id ?? mount.target, line }] : [])),
    };
  });
}

/** ARGs of the stages, and those before the first FROM that any of them uses; by line, each once. */
function outlinedArgs({ containerfile, graph, lowered }: ResolvedFile, stages: readonly Stage[]): readonly OutlinedArg[] {
  const { setting } = graph!.target;
  const found = new Map<string, OutlinedArg>();
  const add = (instruction: ArgInstruction, name: string, value: string | undefined): void => {
    if (found.has(name)) return;
    found.set(name, { name, description: describedBy(instruction.comments, name), value, line: instruction.range.startLine });
  };
  const beforeFrom = containerfile.instructions.slice(
    0,
    containerfile.instructions.findIndex(({ keyword }) => keyword === 'FROM'),
  );
  const globals = beforeFrom.filter((instruction) => instruction.keyword === 'ARG');
  const used = new Set(stages.flatMap(({ from }) => [...usedNames(from.image), ...usedNames(from.platform ?? '')]));
  for (const instruction of stages.flatMap((stage) => stage.instructions)) {
    if (instruction.keyword !== 'ARG') continue;
    for (const { name, defaultValue } of instruction.args) if (defaultValue === undefined) used.add(name);
  }
  // A default may use other ARGs: those that come later in the file first.
  for (const { args } of globals.toReversed()) {
    for (const { name, defaultValue } of args.toReversed()) {
      if (used.has(name)) for (const other of usedNames(defaultValue ?? '')) used.add(other);
    }
  }
  for (const instruction of globals) {
    for (const { name } of instruction.args) if (used.has(name)) add(instruction, name, setting.globals.get(name));
  }
  for (const { index, instructions } of stages) {
    const values = lowered.get(index)?.args;
    for (const instruction of instructions) {
      if (instruction.keyword !== 'ARG') continue;
      for (const { name, defaultValue } of instruction.args) {
        add(instruction, name, values?.get(name) ?? setting.buildArgs.get(name) ?? defaultValue ?? setting.globals.get(name));
      }
    }
  }
  return [...found.values()].sort((a, b) => a.line - b.line);
}

function usedNames(text: string): ReadonlySet<string> {
  const names = new Set<string>();
  try {
    expandWord(text, {
      lookup: (name) => {
        names.add(name);
        return undefined;
      },
    });
  } catch (error) {
    // `${NAME:?}` without a value: the name was seen.
    if (!(error instanceof ExpansionError)) throw error;
  }
  return names;
}

/** The mounts of a RUN as written; one whose values need variables to be right is left out. */
function mountsOf(instruction: Instruction): { readonly mount: Mount; readonly line: number }[] {
  if (instruction.keyword !== 'RUN') return [];
  const same = (text: string): string => text;
  return instruction.mounts.flatMap((spec) => {
    try {
      return [{ mount: resolveMount(spec, same, same), line: instruction.range.startLine }];
    } catch (error) {
      if (error instanceof Fault) return [];
      throw error;
    }
  });
}

/** Each name once; required where any place requires it. */
function byName(mounts: readonly OutlinedMount[]): readonly OutlinedMount[] {
  const found = new Map<string, OutlinedMount>();
  for (const mount of mounts) {
    const known = found.get(mount.name);
    found.set(mount.name, known === undefined ? mount : { ...known, required: known.required || mount.required });
  }
  return [...found.values()];
}
