import { UsageError } from '../../errors.js';
import { formatPlatform, type Platform, parsePlatform } from '../../image/index.js';
import {
  type ArgInstruction,
  type Containerfile,
  type ContainerfileSyntaxError,
  combineSyntaxErrors,
  ExpansionError,
  expandWord,
  Fault,
  type FromInstruction,
  type Instruction,
} from '../../parser/index.js';
import { withoutPasswords } from '../../url-passwords.js';
import { type ArgScope, automaticArgs, declareArg, isAutomaticArg, isPredefinedArg } from './build-arguments.js';
import { inWord, isSyntaxError, locateFaults } from './fault-location.js';
import type { Graph, ImageUse, InputSource, Stage, StageSetting } from './graph.js';
import { findTarget, resolveBase, resolveInput, suggestStage } from './resolve-reference.js';

export interface ResolveOptions {
  /** `--build-arg`. */
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** `--target`: a stage's name in any case, or its number; the last stage unless given. Of several, the last is the one TARGETSTAGE names. */
  readonly target?: string | readonly string[] | undefined;
  /** What the image is for. */
  readonly platform: Platform;
  /** What the build runs on. */
  readonly buildPlatform: Platform;
  /** Names of `--build-context`. */
  readonly namedContexts?: readonly string[];
}

/**
 * Finds the stages a build needs and what each is made from.
 * @throws {ContainerfileSyntaxError} a FROM that cannot be resolved, a reference to the stage itself or to a later one
 * @throws {UsageError} no stage is called `target`
 */
export function resolveStages(containerfile: Containerfile, options: ResolveOptions): Graph {
  return new StageResolver(containerfile, options).resolve();
}

/** FROM and its instructions, before anything is resolved. */
interface Section {
  readonly from: FromInstruction;
  readonly instructions: readonly Instruction[];
}

/** What one instruction takes from elsewhere. */
interface Input {
  readonly source: InputSource;
}

class StageResolver {
  private readonly sections: readonly Section[];
  private readonly globalArgs: readonly ArgInstruction[];
  private readonly errors: ContainerfileSyntaxError[] = [];
  /** ARGs in scope at the end of each stage, as far as they are known without base images. */
  private readonly finalScopes: ArgScope[] = [];

  constructor(
    private readonly containerfile: Containerfile,
    private readonly options: ResolveOptions,
  ) {
    const { globalArgs, sections } = splitSections(containerfile.instructions);
    this.globalArgs = globalArgs;
    this.sections = sections;
  }

  resolve(): Graph {
    const stageNames = this.sections.map(({ from }) => from.stageName);
    const targetIndices = this.targetIndices(stageNames);
    const targetIndex = targetIndices.at(-1)!;
    const buildArgs: ArgScope = new Map(Object.entries(this.options.buildArgs ?? {}));
    const globals = this.globals(buildArgs, stageNames[targetIndex]);
    const namedContexts = this.options.namedContexts ?? [];
    const { containerfile } = this;
    const { platform } = this.options;
    const setting: StageSetting = { containerfile, buildArgs, globals, stageNames, namedContexts, platform };
    const inputs = new Map<number, readonly Input[]>();
    const allStages: Stage[] = [];
    for (const [index, section] of this.sections.entries()) {
      try {
        const { stage, used } = this.stage(setting, index, section, allStages);
        allStages[index] = stage;
        inputs.set(index, used);
      } catch (error) {
        if (!isSyntaxError(error)) throw error;
        // Later stages may have mistakes of their own; they are told together.
        this.errors.push(...error.errors);
      }
    }
    if (this.errors.length > 0) throw combineSyntaxErrors(this.errors);
    const targets = targetIndices.map((index) => allStages[index]).filter((stage) => stage !== undefined);
    const target = targets.at(-1);
    if (target === undefined) throw new RangeError('A parsed Containerfile has a stage');
    const needed = neededStages(allStages, targetIndices);
    const stages = allStages.filter(({ index }) => needed.has(index));
    return {
      containerfile: this.containerfile,
      stages,
      allStages,
      targets,
      target,
      images: usedImages(stages, inputs),
      unusedBuildArgs: this.unusedBuildArgs(buildArgs),
    };
  }

  private targetIndices(stageNames: readonly (string | undefined)[]): readonly number[] {
    const { target } = this.options;
    const wanted = typeof target === 'string' ? [target] : (target ?? []);
    const indices = wanted.filter((text) => text !== '').map((text) => this.targetIndex(stageNames, text));
    // Asked for twice, it is built once; the last place counts, since the last target is the one that gets the names.
    return indices.length === 0 ? [stageNames.length - 1] : indices.filter((index, at) => indices.lastIndexOf(index) === at);
  }

  private targetIndex(stageNames: readonly (string | undefined)[], target: string): number {
    const found = findTarget(stageNames, target);
    if (found === undefined) {
      throw new UsageError(`target stage ${JSON.stringify(target)} could not be found`, { hint: suggestStage(stageNames, target) });
    }
    return found;
  }

  private globals(buildArgs: ArgScope, targetName: string | undefined): ArgScope {
    const automatic = automaticArgs(this.options.platform, this.options.buildPlatform, targetName);
    let globals: ArgScope = new Map([...automatic].map(([name, value]) => [name, buildArgs.get(name) ?? value]));
    for (const instruction of this.globalArgs) {
      locateFaults(this.containerfile, instruction, () => {
        for (const { name, defaultValue } of instruction.args) {
          const known = { buildArgs, globals };
          globals = declareArg(globals, known, name, this.defaultOf(defaultValue, globals));
        }
      });
    }
    return globals;
  }

  private defaultOf(defaultValue: string | undefined, scope: ArgScope): (() => string) | undefined {
    return defaultValue === undefined ? undefined : () => this.expand(defaultValue, scope);
  }

  private expand(text: string, scope: ArgScope): string {
    return expandWord(text, { lookup: (name) => scope.get(name), escape: this.containerfile.directives.escape });
  }

  private stage(
    setting: StageSetting,
    index: number,
    { from, instructions }: Section,
    earlier: readonly Stage[],
  ): { stage: Stage; used: readonly Input[] } {
    return locateFaults(this.containerfile, from, () => {
      const image = this.expand(from.image, setting.globals);
      if (image.trim() === '') {
        throw new Fault(`base name (${from.image}) should not be blank`, undefined, blankBaseHint(from.image), from.image);
      }
      const platform = this.platform(from, setting.globals);
      const base = resolveBase(setting, index, image);
      const parent = base.kind === 'stage' ? earlier[base.index] : undefined;
      const triggers = parent === undefined ? [] : onbuildInstructions(parent);
      const scope = base.kind === 'stage' ? (this.finalScopes[base.index] ?? new Map()) : new Map();
      const used = this.inputs(setting, index, [...triggers, ...instructions], scope);
      const dependencies = new Set(base.kind === 'stage' ? [base.index] : []);
      for (const { source } of used) if (source.kind === 'stage') dependencies.add(source.index);
      const shownPlatform = platform === undefined ? '' : `--platform=${formatPlatform(platform)} `;
      const shownName = from.writtenStageName === undefined ? '' : ` AS ${from.writtenStageName}`;
      const stage: Stage = {
        index,
        name: from.stageName,
        from,
        display: withoutPasswords(`FROM ${shownPlatform}${image}${shownName}`),
        base,
        platform: platform ?? parent?.platform ?? this.options.platform,
        platformGiven: platform !== undefined,
        instructions,
        dependencies: [...dependencies].sort((a, b) => a - b),
        setting,
      };
      return { stage, used };
    });
  }

  private platform(from: FromInstruction, globals: ArgScope): Platform | undefined {
    if (from.platform === undefined) return undefined;
    const text = this.expand(from.platform, globals);
    if (text === '') throw new Fault(`empty platform value from expression ${from.platform}`, undefined, undefined, from.platform);
    try {
      return parsePlatform(text);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Fault(`failed to parse platform ${text}: ${reason}`, undefined, undefined, from.platform);
    }
  }

  /** Everything the instructions read from other stages, images and contexts; every mistake among them is kept, not only the first. */
  private inputs(setting: StageSetting, index: number, instructions: readonly Instruction[], start: ArgScope): Input[] {
    const found: Input[] = [];
    let scope = start;
    for (const instruction of instructions) {
      try {
        locateFaults(this.containerfile, instruction, () => {
          if (instruction.keyword === 'ARG') scope = this.declared(setting, scope, instruction);
          for (const { text, use } of inputTexts(instruction)) {
            const name = expandInputName(text, scope, setting);
            found.push({ source: inWord(text, () => resolveInput(setting, index, name, use)) });
          }
        });
      } catch (error) {
        if (!isSyntaxError(error)) throw error;
        this.errors.push(...error.errors);
      }
    }
    this.finalScopes[index] = scope;
    return found;
  }

  private declared(setting: StageSetting, scope: ArgScope, instruction: ArgInstruction): ArgScope {
    let result = scope;
    for (const { name, defaultValue } of instruction.args) {
      result = declareArg(result, setting, name, defaultValue === undefined ? undefined : () => this.guess(defaultValue, result));
    }
    return result;
  }

  /** A default that needs the environment of the base image is not known yet, nor is whether it fails: lowering finds out. */
  private guess(text: string, scope: ArgScope): string {
    try {
      return this.expand(text, scope);
    } catch (error) {
      if (error instanceof ExpansionError) return '';
      throw error;
    }
  }

  private unusedBuildArgs(buildArgs: ArgScope): string[] {
    const declared = new Set<string>();
    const declare = (instruction: Instruction): void => {
      if (instruction.keyword === 'ARG') for (const { name } of instruction.args) declared.add(name);
      if (instruction.keyword === 'ONBUILD') declare(instruction.instruction);
    };
    for (const instruction of this.containerfile.instructions) declare(instruction);
    return [...buildArgs.keys()].filter((name) => !declared.has(name) && !isPredefinedArg(name) && !isAutomaticArg(name)).sort();
  }
}

/** The name a `from` stands for: ARGs of the stage, then those before the first FROM. */
export function expandInputName(text: string, scope: ArgScope, setting: StageSetting): string {
  if (!text.includes('$')) return text;
  const lookup = (name: string): string | undefined => scope.get(name) ?? setting.globals.get(name);
  return expandWord(text, { lookup, escape: setting.containerfile.directives.escape });
}

function splitSections(instructions: readonly Instruction[]): { globalArgs: ArgInstruction[]; sections: Section[] } {
  const globalArgs: ArgInstruction[] = [];
  const sections: { from: FromInstruction; instructions: Instruction[] }[] = [];
  for (const instruction of instructions) {
    if (instruction.keyword === 'FROM') sections.push({ from: instruction, instructions: [] });
    else if (sections.length > 0) sections.at(-1)?.instructions.push(instruction);
    else if (instruction.keyword === 'ARG') globalArgs.push(instruction);
  }
  return { globalArgs, sections };
}

function inputTexts(instruction: Instruction): { readonly text: string; readonly use: 'copy' | 'mount' }[] {
  if (instruction.keyword === 'COPY') return instruction.from === undefined ? [] : [{ text: instruction.from, use: 'copy' }];
  if (instruction.keyword !== 'RUN') return [];
  return instruction.mounts.flatMap(({ fields }) => {
    const from = fields.findLast(({ key }) => key === 'from')?.value;
    return from === undefined ? [] : [{ text: from, use: 'mount' as const }];
  });
}

/** What a stage based on `stage` runs first. */
function onbuildInstructions(stage: Stage): Instruction[] {
  return stage.instructions.flatMap((instruction) => (instruction.keyword === 'ONBUILD' ? [instruction.instruction] : []));
}

function neededStages(stages: readonly Stage[], targets: readonly number[]): ReadonlySet<number> {
  const needed = new Set<number>();
  const visit = (index: number): void => {
    if (needed.has(index)) return;
    needed.add(index);
    for (const dependency of stages[index]?.dependencies ?? []) visit(dependency);
  };
  for (const target of targets) visit(target);
  return needed;
}

function usedImages(stages: readonly Stage[], inputs: ReadonlyMap<number, readonly Input[]>): ImageUse[] {
  const images = new Map<string, ImageUse>();
  for (const { index, base, platform, setting } of stages) {
    const read = inputs.get(index) ?? [];
    const uses = [{ source: base, platform }, ...read.map(({ source }) => ({ source, platform: setting.platform }))];
    for (const { source, platform: wanted } of uses) {
      if (source.kind !== 'image') continue;
      images.set(`${source.reference} ${formatPlatform(wanted)}`, { reference: source.reference, platform: wanted });
    }
  }
  return [...images.values()];
}

function blankBaseHint(expression: string): string | undefined {
  if (!expression.includes('$')) return undefined;
  return 'FROM sees only ARGs declared before the first FROM; give one a default or set it with --build-arg';
}
