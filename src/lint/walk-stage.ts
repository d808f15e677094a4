import {
  ContainerfileSyntaxError,
  ExpansionError,
  expandHeredoc,
  expandWord,
  heredocText,
  type Instruction,
  parseTrigger,
} from '../parser/index.js';
import type { LintedFile, LintedStage, StageState, StageWalk, UnsetUse, WalkedInstruction } from './linted-stage.js';

const DEFAULT_ENVIRONMENT: ReadonlyMap<string, string> = new Map([
  ['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
]);

/** The state a stage begins with. */
export function startOf(file: LintedFile, stage: LintedStage): StageState {
  const { base } = stage;
  const nothing = { declared: new Set<string>(), hasShell: false, hasWorkdir: false, triggers: [] };
  if (base.kind === 'scratch') return { ...nothing, values: DEFAULT_ENVIRONMENT, known: true };
  if (base.kind === 'stage') {
    const below = file.allStages[base.index];
    if (below !== undefined) return file.walk(below).end;
  }
  const facts = file.facts.base(stage.index);
  if (facts === undefined) return { ...nothing, values: DEFAULT_ENVIRONMENT, known: false };
  const values = new Map([...DEFAULT_ENVIRONMENT, ...facts.environment]);
  return { ...nothing, values, hasShell: facts.hasShell, known: true, triggers: facts.triggers.flatMap(readTrigger) };
}

/** Follows ENV and ARG through a stage. */
export function walkStage(file: LintedFile, stage: LintedStage): StageWalk {
  return new Walker(file, startOf(file, stage)).walk(stage);
}

class Walker {
  private readonly values: Map<string, string>;
  private readonly declared: Set<string>;
  private readonly unsetUses: UnsetUse[] = [];
  private readonly walked: WalkedInstruction[] = [];

  constructor(
    private readonly file: LintedFile,
    private readonly start: StageState,
  ) {
    this.values = new Map(start.values);
    this.declared = new Set(start.declared);
  }

  walk(stage: LintedStage): StageWalk {
    // What triggers of the base do is no matter of this file, but for the variables they set.
    for (const trigger of this.start.triggers) this.apply(trigger);
    this.unsetUses.length = 0;
    let view: ReadonlyMap<string, string> | undefined;
    for (const instruction of stage.instructions) {
      // Most instructions set nothing: those between two that do share one copy.
      view ??= new Map(this.values);
      const before = view;
      this.walked.push({ instruction, expand: (text) => this.expandIn(text, before) });
      this.apply(instruction);
      if (instruction.keyword === 'ENV' || instruction.keyword === 'ARG') view = undefined;
    }
    const all = stage.instructions;
    const end: StageState = {
      values: this.values,
      declared: this.declared,
      hasShell: this.start.hasShell || all.some(({ keyword }) => keyword === 'SHELL'),
      hasWorkdir: this.start.hasWorkdir || all.some(({ keyword }) => keyword === 'WORKDIR'),
      known: this.start.known,
      triggers: all.flatMap((instruction) => (instruction.keyword === 'ONBUILD' ? [instruction.instruction] : [])),
    };
    return { instructions: this.walked, unsetUses: this.start.known ? this.unsetUses : [], end };
  }

  private apply(instruction: Instruction): void {
    const unset = new Set<string>();
    const expand = (text: string): string => this.expandIn(text, this.values, (name) => unset.add(name));
    switch (instruction.keyword) {
      case 'ENV': {
        // All values are those from before the instruction.
        const pairs = instruction.pairs.map(({ name, value }) => [expand(name), expand(value)] as const);
        for (const [name, value] of pairs) this.values.set(name, value);
        break;
      }
      case 'ARG':
        for (const { name, defaultValue } of instruction.args) {
          const given = this.file.facts.buildArgs.get(name);
          const value = given ?? (defaultValue === undefined ? this.file.globals.get(name) : expand(defaultValue));
          this.declared.add(name);
          if (value !== undefined) this.values.set(name, value);
        }
        break;
      default:
        for (const text of expandedTexts(instruction)) expand(text);
        for (const body of expandedBodies(instruction)) this.expandBody(body, (name) => unset.add(name));
    }
    for (const name of unset) {
      if (!this.declared.has(name)) this.unsetUses.push({ instruction, name, set: [...this.values.keys()] });
    }
  }

  private expandIn(text: string, values: ReadonlyMap<string, string>, onUnset?: (name: string) => void): string {
    const escapeCharacter = this.file.containerfile.directives.escape;
    return tolerant(text, () =>
      expandWord(text, { lookup: (name) => values.get(name), escape: escapeCharacter, ...(onUnset && { onUnset }) }),
    );
  }

  private expandBody(text: string, onUnset: (name: string) => void): void {
    tolerant(text, () => expandHeredoc(text, { lookup: (name) => this.values.get(name), onUnset }));
  }
}

/** A text that cannot be expanded is an error that is told elsewhere. */
function tolerant(text: string, work: () => string): string {
  try {
    return work();
  } catch (error) {
    if (error instanceof ExpansionError) return text;
    throw error;
  }
}

function expandedTexts(instruction: Instruction): readonly string[] {
  switch (instruction.keyword) {
    case 'ADD':
    case 'COPY': {
      const sources = instruction.sources.flatMap((source) => (source.kind === 'path' ? [source.path] : []));
      const checksum = instruction.keyword === 'ADD' ? instruction.checksum : undefined;
      return [...sources, instruction.destination, instruction.chown ?? '', instruction.chmod ?? '', checksum ?? ''];
    }
    case 'LABEL':
      return instruction.pairs.flatMap(({ name, value }) => [name, value]);
    case 'EXPOSE':
      return instruction.ports;
    case 'VOLUME':
      return instruction.paths;
    case 'USER':
      return [instruction.user];
    case 'WORKDIR':
      return [instruction.path];
    case 'STOPSIGNAL':
      return [instruction.signal];
    case 'RUN':
      return instruction.mounts.flatMap(({ fields }) => fields.flatMap(({ key, value }) => (key === 'from' ? [] : [value ?? ''])));
    default:
      return [];
  }
}

function expandedBodies(instruction: Instruction): readonly string[] {
  if (instruction.keyword !== 'ADD' && instruction.keyword !== 'COPY') return [];
  return instruction.sources.flatMap((source) => (source.kind === 'heredoc' && source.heredoc.expand ? [heredocText(source.heredoc)] : []));
}

function readTrigger(text: string): Instruction[] {
  try {
    return [parseTrigger(text, 'ONBUILD')];
  } catch (error) {
    if (error instanceof ContainerfileSyntaxError) return [];
    throw error;
  }
}
