import { readFileSync } from 'node:fs';
import { environmentOf, lowerStage, resolveStages } from '../../builder/graph/index.js';
import { UsageError } from '../../errors.js';
import type { ContainerConfig, ImageConfig } from '../../image/index.js';
import { type Keyword, parseContainerfile } from '../../parser/index.js';

const CHANGES: readonly Keyword[] = [
  ...(['CMD', 'ENTRYPOINT', 'ENV', 'EXPOSE', 'HEALTHCHECK', 'LABEL', 'ONBUILD', 'SHELL', 'STOPSIGNAL', 'USER', 'VOLUME'] as const),
  'WORKDIR',
];

/**
 * A configuration after instructions of a Containerfile (`commit --change`), those that change nothing else.
 *
 * @throws {ContainerfileSyntaxError} @throws {UsageError} an instruction that would change files
 */
export function changeConfig(image: ImageConfig, changes: readonly string[]): ImageConfig {
  if (changes.length === 0) return image;
  const containerfile = parseContainerfile({ name: '--change', text: `FROM scratch\n${changes.join('\n')}\n` });
  const refused = containerfile.instructions.slice(1).find(({ keyword }) => !CHANGES.includes(keyword));
  if (refused !== undefined)
    throw new UsageError(`--change ${refused.keyword}: only ${CHANGES.join(', ')} can be changed`, {
      hint: 'Use the commands run, copy and add before the commit',
    });
  const { target } = resolveStages(containerfile, { buildArgs: {}, platform: image, buildPlatform: image });
  const { OnBuild: triggers = [], ...before } = image.config ?? {};
  const { config } = lowerStage(target, { config: before });
  const { OnBuild: added = [], Env, ...after } = config;
  // Lowering gives a stage a PATH to run commands with; nothing runs here.
  const env = environmentOf(before).has('PATH') || changes.some((text) => /\bPATH\b/.test(text)) ? Env : withoutPath(Env);
  const all = [...triggers, ...added];
  return {
    ...image,
    config: { ...after, ...(env === undefined || env.length === 0 ? {} : { Env: env }), ...(all.length === 0 ? {} : { OnBuild: all }) },
  };
}

function withoutPath(env: readonly string[] | undefined): readonly string[] | undefined {
  return env?.filter((variable) => !variable.startsWith('PATH='));
}

/**
 * A configuration with what a JSON file says of it (`commit --config`): lists and texts take the place of those there are, variables,
 * labels, ports and volumes join them, triggers follow them.
 *
 * @param file the `config` member of an image's configuration
 * @throws {UsageError} it cannot be read as that
 */
export function mergeConfigFile(image: ImageConfig, file: string): ImageConfig {
  const before = image.config ?? {};
  const given = readConfig(file);
  const env = new Map([...environmentOf(before), ...environmentOf(given)]);
  const triggers = [...(before.OnBuild ?? []), ...(given.OnBuild ?? [])];
  const merged: ContainerConfig = {
    ...before,
    ...given,
    ...(env.size === 0 ? {} : { Env: [...env].map(([name, value]) => `${name}=${value}`) }),
    ...joined('Labels', before, given),
    ...joined('ExposedPorts', before, given),
    ...joined('Volumes', before, given),
    ...(triggers.length === 0 ? {} : { OnBuild: triggers }),
  };
  return { ...image, config: merged };
}

function joined(name: 'Labels' | 'ExposedPorts' | 'Volumes', before: ContainerConfig, given: ContainerConfig): ContainerConfig {
  const all = { ...before[name], ...given[name] };
  return Object.keys(all).length === 0 ? {} : ({ [name]: all } as ContainerConfig);
}

const TEXTS = ['User', 'WorkingDir', 'StopSignal'] as const;
const LISTS = ['Env', 'Entrypoint', 'Cmd', 'OnBuild', 'Shell'] as const;
const MAPS = ['Labels', 'ExposedPorts', 'Volumes', 'Healthcheck'] as const;

function readConfig(file: string): ContainerConfig {
  const refuse = (problem: string, cause?: unknown): never => {
    throw new UsageError(`reading ${JSON.stringify(file)}: ${problem}`, { cause });
  };
  const document = parseJson(file, refuse);
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return refuse('it is no JSON object');
  const fields = document as Record<string, unknown>;
  const known: Record<string, unknown> = {};
  const take = (name: string, isRight: (value: unknown) => boolean): void => {
    const value = fields[name];
    if (value === undefined || value === null) return;
    if (!isRight(value)) refuse(`its ${JSON.stringify(name)} is not what an image has there`);
    known[name] = value;
  };
  for (const name of TEXTS) take(name, (value) => typeof value === 'string');
  for (const name of LISTS) take(name, (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'));
  for (const name of MAPS) take(name, (value) => typeof value === 'object' && !Array.isArray(value));
  return known as ContainerConfig;
}

function parseJson(file: string, refuse: (problem: string, cause?: unknown) => never): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return refuse('no such file or directory', error);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    return refuse('it is no JSON', error);
  }
}
