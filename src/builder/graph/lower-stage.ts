import type { ContainerConfig, Healthcheck } from '../../image/index.js';
import {
  type ArgInstruction,
  type Command,
  type ContainerfileSyntaxError,
  combineSyntaxErrors,
  expandWord,
  expandWords,
  Fault,
  type HealthcheckInstruction,
  type Instruction,
  type Lookup,
  parseTrigger,
} from '../../parser/index.js';
import { type ArgScope, declareArg, proxyArgs } from './build-arguments.js';
import { environmentOf, shellOf, withDefaultPath, withEnv, withLabels, without, withPorts, withVolumes } from './container-config.js';
import { parsePorts } from './exposed-ports.js';
import { inWord, isSyntaxError, locateFaults } from './fault-location.js';
import type { InputSource, Stage } from './graph.js';
import { commandHistory, copyHistory, healthcheckHistory, listHistory, pairsHistory, runHistory } from './history.js';
import { absolutePath } from './image-path.js';
import { lowerAdd, lowerCopy } from './lower-copy.js';
import { lowerRun } from './lower-run.js';
import { resolveInput } from './resolve-reference.js';
import { expandInputName } from './resolve-stages.js';
import { isSignal } from './signals.js';
import type { Step } from './step.js';

/** What a stage begins with: a base image's configuration, or the end of another stage. */
export interface StageInput {
  /** Empty for scratch. */
  readonly config: ContainerConfig;
  /** ARGs of the stage this one is based on. */
  readonly args?: ArgScope;
  readonly author?: string | undefined;
}

export interface LoweredStage {
  readonly steps: readonly Step[];
  /** The configuration at the start: the base's, its triggers taken out, PATH set. */
  readonly start: ContainerConfig;
  /** The configuration at the end. */
  readonly config: ContainerConfig;
  /** For stages based on this one. */
  readonly args: ArgScope;
  /** Of MAINTAINER, or the base's. */
  readonly author: string | undefined;
  /** Stages the steps read from and the base; may hold some that triggers of a base image added, which `graph.stages` lacks. */
  readonly dependencies: readonly number[];
}

/**
 * Turns the instructions of a stage into steps. Pure: the same stage and input give the same steps.
 *
 * Triggers of the base come first. Metadata is applied at once; each step carries the configuration before and after it.
 * @throws {ContainerfileSyntaxError} a value cannot be expanded, or is wrong once it is
 */
export function lowerStage(stage: Stage, input: StageInput): LoweredStage {
  return new StageLowering(stage, input).run();
}

class StageLowering {
  private config: ContainerConfig;
  private environment: ReadonlyMap<string, string>;
  private scope: ArgScope;
  /** ARGs of this stage and of those below it, with a value or without. */
  private readonly declared: Set<string>;
  private author: string | undefined;
  /** CMD was set in this stage, so ENTRYPOINT leaves it alone. */
  private commandSet = false;
  private readonly proxies: ReturnType<typeof proxyArgs>;
  private readonly steps: Step[] = [];
  private readonly errors: ContainerfileSyntaxError[] = [];
  private readonly lookup: Lookup = (name) => this.environment.get(name) ?? this.scope.get(name);

  constructor(
    private readonly stage: Stage,
    private readonly input: StageInput,
  ) {
    this.config = withDefaultPath(without(input.config, 'OnBuild'));
    this.environment = environmentOf(this.config);
    this.scope = input.args ?? new Map();
    this.declared = new Set(this.scope.keys());
    this.author = input.author;
    this.proxies = proxyArgs(stage.setting.buildArgs);
  }

  run(): LoweredStage {
    const start = this.config;
    const baseName = this.stage.base.kind === 'image' ? this.stage.base.reference : this.stage.from.image;
    for (const trigger of this.input.config.OnBuild ?? []) this.add(parseTrigger(trigger, `ONBUILD of ${baseName}`), true);
    for (const instruction of this.stage.instructions) this.add(instruction, false);
    if (this.errors.length > 0) throw combineSyntaxErrors(this.errors);
    const { steps, config, author, scope: args } = this;
    return { steps, start, config, args, author, dependencies: this.dependencies() };
  }

  private add(instruction: Instruction, triggered: boolean): void {
    const step = this.stepOf(instruction, triggered);
    if (step === undefined) return;
    this.steps.push(step);
    if (step.after.Env !== this.config.Env) this.environment = environmentOf(step.after);
    this.config = step.after;
  }

  /** @returns `undefined` for one with a mistake, which is kept: others of the stage are told together with it */
  private stepOf(instruction: Instruction, triggered: boolean): Step | undefined {
    try {
      return locateFaults(this.stage.setting.containerfile, triggered ? this.stage.from : instruction, () =>
        this.lower(instruction, triggered),
      );
    } catch (error) {
      if (!isSyntaxError(error)) throw error;
      this.errors.push(error);
      // A variable that should have been set would make mistakes of what uses it.
      if (instruction.keyword === 'ARG' || instruction.keyword === 'ENV') throw combineSyntaxErrors(this.errors);
      return undefined;
    }
  }

  private lower(instruction: Instruction, triggered: boolean): Step {
    const before = this.config;
    const base = { instruction, display: instruction.display, createdBy: undefined, triggered, before, after: before };
    // What a literal adds stands before what it spreads: V8 gives each object that begins with a spread and then grows shapes of its own.
    switch (instruction.keyword) {
      case 'RUN': {
        const parts = lowerRun(instruction, this.runContext());
        return { kind: 'run', ...base, ...parts, createdBy: runHistory(parts.argv, this.declaredArgs()) };
      }
      case 'COPY': {
        const parts = lowerCopy(instruction, this.copyContext());
        const createdBy = copyHistory('COPY', parts, this.expand(instruction.destination));
        return { kind: 'copy', from: this.copyFrom(instruction.from), ...base, ...parts, createdBy };
      }
      case 'ADD': {
        const parts = lowerAdd(instruction, this.copyContext());
        return { kind: 'add', ...base, ...parts, createdBy: copyHistory('ADD', parts, this.expand(instruction.destination)) };
      }
      case 'WORKDIR': {
        const path = absolutePath(this.workingDirectory(), this.expand(instruction.path));
        return {
          kind: 'workdir',
          ...base,
          path,
          user: before.User ?? '',
          createdBy: `WORKDIR ${path}`,
          after: { ...before, WorkingDir: path },
        };
      }
      case 'VOLUME': {
        const written = instruction.paths.map(this.expand);
        if (written.some((path) => path.trim() === '')) throw new Fault('VOLUME specified can not be an empty string');
        const paths = written.map((path) => absolutePath('/', path));
        return { kind: 'volume', ...base, paths, createdBy: listHistory('VOLUME', written), after: withVolumes(before, written) };
      }
      default:
        return { kind: 'config', ...base, ...this.edited(instruction) };
    }
  }

  /** The configuration after an instruction that touches nothing else, and what the history says of it. */
  private edited(instruction: Instruction): Pick<Step, 'after' | 'createdBy'> {
    const { config } = this;
    switch (instruction.keyword) {
      case 'ARG':
        return { after: config, createdBy: `ARG ${this.declare(instruction).join(' ')}` };
      case 'ENV': {
        const pairs = this.expandedPairs(instruction.pairs, 'ENV');
        return { after: withEnv(config, pairs), createdBy: pairsHistory('ENV', pairs) };
      }
      case 'LABEL': {
        const pairs = this.expandedPairs(instruction.pairs, 'LABEL');
        return { after: withLabels(config, pairs), createdBy: pairsHistory('LABEL', pairs) };
      }
      case 'CMD': {
        this.commandSet = true;
        const argv = this.argv(instruction.command);
        return { after: { ...config, Cmd: argv }, createdBy: commandHistory('CMD', argv) };
      }
      case 'ENTRYPOINT': {
        const argv = this.argv(instruction.command);
        const after = { ...(this.commandSet ? config : without(config, 'Cmd')), Entrypoint: argv };
        return { after, createdBy: commandHistory('ENTRYPOINT', argv) };
      }
      case 'SHELL':
        return { after: { ...config, Shell: instruction.argv }, createdBy: listHistory('SHELL', instruction.argv) };
      case 'EXPOSE': {
        const portsOf = (word: string) => expandWords(word, this.expandOptions()).flatMap(parsePorts);
        const ports = instruction.ports.flatMap((word) => inWord(word, () => portsOf(word)));
        return { after: withPorts(config, ports), createdBy: listHistory('EXPOSE', ports) };
      }
      case 'USER': {
        const user = this.expand(instruction.user);
        return { after: { ...config, User: user }, createdBy: `USER ${user}` };
      }
      case 'STOPSIGNAL': {
        const signal = this.expand(instruction.signal);
        if (!isSignal(signal))
          throw new Fault(`invalid signal: ${signal}`, undefined, 'A signal is a name such as SIGTERM or a number', instruction.signal);
        return { after: { ...config, StopSignal: signal }, createdBy: `STOPSIGNAL ${signal}` };
      }
      case 'HEALTHCHECK': {
        const check = healthcheckOf(instruction);
        return { after: { ...config, Healthcheck: check }, createdBy: healthcheckHistory(check) };
      }
      case 'ONBUILD':
        return { after: { ...config, OnBuild: [...(config.OnBuild ?? []), instruction.trigger] }, createdBy: undefined };
      case 'MAINTAINER':
        this.author = instruction.name;
        return { after: config, createdBy: `MAINTAINER ${instruction.name}` };
      default:
        throw new Fault(`${instruction.keyword} isn't allowed here`);
    }
  }

  private readonly expand = (text: string): string => expandWord(text, this.expandOptions());

  private expandOptions(): { lookup: Lookup; escape: '\\' | '`' } {
    return { lookup: this.lookup, escape: this.stage.setting.containerfile.directives.escape };
  }

  /**
   * @returns the words for the history. A value of the command line, which may be a secret, is in none: BuildKit writes it there, and the Containerfile does
   * not have it.
   */
  private declare(instruction: ArgInstruction): readonly string[] {
    return instruction.args.map(({ name: written, defaultValue }) => {
      const name = this.expand(written);
      const expandDefault = defaultValue === undefined ? undefined : () => this.expand(defaultValue);
      this.scope = declareArg(this.scope, this.stage.setting, name, expandDefault);
      this.declared.add(name);
      const { buildArgs } = this.stage.setting;
      const value = buildArgs.has(name) ? undefined : this.scope.get(name);
      return value === undefined ? name : `${name}=${value}`;
    });
  }

  private declaredArgs(): [string, string][] {
    return [...this.declared].map((name) => [name, this.lookup(name) ?? '']);
  }

  /** All values are those from before the instruction. */
  private expandedPairs(pairs: readonly { readonly name: string; readonly value: string }[], keyword: string): [string, string][] {
    return pairs.map(({ name, value }) => {
      const expanded = this.expand(name);
      if (expanded === '') throw new Fault(`${keyword} names can not be blank`, undefined, undefined, name);
      return [expanded, this.expand(value)];
    });
  }

  private argv(command: Command): readonly string[] {
    if (command.form === 'exec') return command.argv;
    return command.text === '' ? [] : [...shellOf(this.config), command.text];
  }

  private workingDirectory(): string {
    return absolutePath('/', this.config.WorkingDir ?? '/');
  }

  private copyFrom(from: string | undefined): InputSource {
    if (from === undefined) return { kind: 'build-context' };
    const { setting, index } = this.stage;
    return inWord(from, () => resolveInput(setting, index, expandInputName(from, this.scope, setting), 'copy'));
  }

  private copyContext(): Parameters<typeof lowerCopy>[1] {
    return { expand: this.expand, lookup: this.lookup, workingDirectory: this.workingDirectory() };
  }

  private runContext(): Parameters<typeof lowerRun>[1] {
    const { setting, index } = this.stage;
    return {
      expand: this.expand,
      config: this.config,
      environment: this.environment,
      scope: this.scope,
      proxies: this.proxies,
      expandFrom: (text) => expandInputName(text, this.scope, setting),
      resolveInput: (from) => resolveInput(setting, index, from, 'mount'),
    };
  }

  private dependencies(): number[] {
    const found = new Set(this.stage.dependencies);
    for (const step of this.steps) {
      const sources = step.kind === 'copy' ? [step.from] : step.kind === 'run' ? step.mounts.map(({ source }) => source) : [];
      for (const source of sources) if (source?.kind === 'stage') found.add(source.index);
    }
    return [...found].sort((a, b) => a - b);
  }
}

function healthcheckOf({ check }: HealthcheckInstruction): Healthcheck {
  if (check === undefined) return { Test: ['NONE'] };
  const { command, intervalNs, timeoutNs, startPeriodNs, startIntervalNs, retries } = check;
  return {
    Test: command.form === 'exec' ? ['CMD', ...command.argv] : ['CMD-SHELL', command.text],
    ...(intervalNs && { Interval: intervalNs }),
    ...(timeoutNs && { Timeout: timeoutNs }),
    ...(startPeriodNs && { StartPeriod: startPeriodNs }),
    ...(startIntervalNs && { StartInterval: startIntervalNs }),
    ...(retries && { Retries: retries }),
  };
}
