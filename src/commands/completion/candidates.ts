import { definitionsOf } from '../flags/flags.js';
import { GLOBAL_FLAGS } from '../flags/global-flags.js';
import type { CommandServices } from '../program/base-command.js';
import { parseCommandLine } from '../program/command-line.js';
import type { KnownCommand } from './known-command.js';
import { type Candidate, type NameKind, type Wanted, wantedWord } from './wanted.js';

export interface Completions {
  /** `files`: the shell offers files beside the candidates. */
  readonly files: boolean;
  /** Whole words, each beginning with what is written already. */
  readonly candidates: readonly Candidate[];
}

/**
 * What the last of `words` may become.
 *
 * @param words of a command line, without the program's name; the last one is being written and may be empty
 * @param commands all there are
 * @param services for the store that the command line is about
 */
export async function completionsOf(
  words: readonly string[],
  commands: readonly KnownCommand[],
  services: CommandServices,
): Promise<Completions> {
  const findCommand = (name: string) => commands.find((entry) => entry.name === name || entry.aliases.includes(name));
  const before = words.slice(0, -1);
  const current = words.at(-1) ?? '';
  const { position, name } = findCommandWord(before);
  if (name === undefined) {
    const { wanted, prefix } = wantedWord({ flags: GLOBAL_FLAGS, bareValues: {}, usage: '', before, current });
    if (current.startsWith('-') || wanted.kind === 'words' || wanted.kind === 'files')
      return complete(wanted, prefix, current, undefined, services);
    return filtered(firstWords(commands), current);
  }
  if (name === 'help') return filtered(position === before.length - 1 ? firstWords(commands) : [], current);
  const verbs = verbsOf(name, commands);
  const nested = findCommand(`${name} ${before[position + 1] ?? ''}`);
  const entry = nested ?? findCommand(name);
  if (nested === undefined && verbs.length > 0 && position === before.length - 1 && !current.startsWith('-')) {
    return filtered(
      verbs.map((word) => ({ word, about: findCommand(`${name} ${word}`)?.summary ?? '' })),
      current,
    );
  }
  if (entry === undefined) return filtered([], current);
  const command = await entry.load();
  const rest = before.slice(position + (nested === undefined ? 1 : 2));
  const { bareValues } = command;
  const flags = { ...GLOBAL_FLAGS, ...definitionsOf(command) };
  const { wanted, prefix } = wantedWord({ flags, bareValues, usage: command.usage.slice(entry.name.length), before: rest, current });
  return complete(wanted, prefix, current, rest, services);
}

/** The first word that is no global flag, nor the value of one. */
function findCommandWord(before: readonly string[]): { readonly position: number; readonly name: string | undefined } {
  for (let position = 0; position < before.length; position++) {
    const word = before[position] ?? '';
    if (!word.startsWith('-')) return { position, name: word };
    const flag = Object.entries(GLOBAL_FLAGS).find(([name]) => `--${name}` === word);
    if (flag?.[1].type === 'option') position++;
  }
  return { position: before.length, name: undefined };
}

function firstWords(commands: readonly KnownCommand[]): Candidate[] {
  const words = new Map<string, string>();
  for (const { name, aliases, summary } of commands) {
    const [first = '', second] = name.split(' ');
    if (second === undefined) words.set(first, summary);
    else if (!words.has(first)) words.set(first, `${verbsOf(first, commands).join(', ')}`);
    for (const alias of aliases) if (!alias.includes(' ')) words.set(alias, summary);
  }
  words.set('help', 'Show help');
  return [...words].map(([word, about]) => ({ word, about }));
}

/** The second words that may follow `group`. */
function verbsOf(group: string, commands: readonly KnownCommand[]): string[] {
  const names = commands.flatMap((entry) => [entry.name, ...entry.aliases]);
  return names.filter((name) => name.startsWith(`${group} `)).map((name) => name.slice(group.length + 1));
}

async function complete(
  wanted: Wanted,
  prefix: string,
  current: string,
  rest: readonly string[] | undefined,
  services: CommandServices,
): Promise<Completions> {
  switch (wanted.kind) {
    case 'words':
      return filtered(wanted.words, current, prefix);
    case 'names':
      return filtered(await namesOf(wanted.of, rest ?? [], current, services), current, prefix);
    case 'files':
      return { files: true, candidates: [] };
    case 'nothing':
      return { files: false, candidates: [] };
  }
}

function filtered(candidates: readonly Candidate[], current: string, prefix = ''): Completions {
  const whole = candidates.map(({ word, about }) => ({ word: prefix + word, ...(about === undefined ? {} : { about }) }));
  return { files: false, candidates: whole.filter(({ word }) => word.startsWith(current)) };
}

async function namesOf(
  kinds: readonly NameKind[],
  rest: readonly string[],
  current: string,
  services: CommandServices,
): Promise<Candidate[]> {
  const lists = await Promise.all(
    kinds.map(async (kind) => {
      if (kind === 'image') return imageNames(services, current.includes(':'));
      return kind === 'container' ? containerNames(services) : stageNames(rest, services);
    }),
  );
  const known = new Map<string, Candidate>();
  for (const candidate of lists.flat()) if (!known.has(candidate.word)) known.set(candidate.word, candidate);
  return [...known.values()];
}

const LOCAL = 'localhost/';

/** @param withLatest for who has begun to write a tag */
async function imageNames(services: CommandServices, withLatest: boolean): Promise<Candidate[]> {
  const { listImages } = await import('../../operations/images.js');
  const names = (await listImages({}, services)).flatMap((image) => image.names);
  // As people write them, and as they are.
  return names.flatMap((name) => {
    const short = name.startsWith(LOCAL) ? [name.slice(LOCAL.length)] : [];
    return [...short, name].map((word) => ({ word: withLatest ? word : word.replace(/:latest$/, ''), about: 'image' }));
  });
}

async function containerNames(services: CommandServices): Promise<Candidate[]> {
  const { listContainers } = await import('../../operations/containers.js');
  return (await listContainers(services)).map(({ name, imageName }) => ({ word: name, about: `container from ${imageName}` }));
}

/** Stages of the Containerfile of the build whose words so far are `rest`. One that cannot be read has none. */
async function stageNames(rest: readonly string[], services: CommandServices): Promise<Candidate[]> {
  const { Build } = await import('../build.js');
  const { listTargets } = await import('../../operations/check/targets.js');
  try {
    const complete = rest.at(-1) === '--target' ? rest.slice(0, -1) : rest;
    const { flags } = parseCommandLine([() => GLOBAL_FLAGS, () => definitionsOf(Build)], complete, { bareValues: Build.bareValues });
    const files = (flags.file as string[] | undefined) ?? [];
    // Nothing is fetched, or waited for, while somebody types.
    if (files.some((file) => file === '-' || /^https?:/i.test(file))) return [];
    const targets = await listTargets({ contextDirectory: '.', files }, services);
    return targets.flatMap(({ name }) => (name === undefined ? [] : [{ word: name, about: 'stage' }]));
  } catch {
    return [];
  }
}
