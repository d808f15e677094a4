import { randomInt } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { UnsupportedFeatureError } from '../errors.js';
import { type SelinuxPolicy, selinuxPolicy } from './selinux-policy.js';

/** Contexts as SELinux writes them: `system_u:system_r:container_t:s0:c1,c2`. Empty: none is set. */
export interface SelinuxLabels {
  /** Of the command. */
  readonly process: string;
  /** Of every file it finds in its root file system. */
  readonly mount: string;
}

/** What of the host decides about labels. */
export interface SelinuxHost {
  /** The file `lxc_contexts` of its policy. */
  readonly contexts: string;
  /** Two different categories below 1024, by which containers are kept apart; in ascending order. */
  readonly categories: readonly [number, number];
  readonly policy: SelinuxPolicy;
}

const FIELDS = ['user', 'role', 'type', 'level', 'filetype'] as const;
type Field = (typeof FIELDS)[number];

const CATEGORIES = 1024;

/**
 * One word of `--security-opt label=`.
 *
 * @throws {RangeError} it is none
 */
export function parseLabelOption(text: string): 'disable' | { readonly field: Field; readonly value: string } {
  if (text === 'disable') return text;
  const [, name, value] = /^(\w+):(.+)$/.exec(text) ?? [];
  const field = FIELDS.find((known) => known === name);
  if (field === undefined || value === undefined)
    throw new RangeError(`bad label option "${text}": expected "disable", or one of ${FIELDS.join(', ')} with ":" and a value`);
  return { field, value };
}

/** Undefined where SELinux is not in force, or its policy knows no containers. */
export function selinuxHost(root = '/'): SelinuxHost | undefined {
  if (!existsSync(`${root}sys/fs/selinux/enforce`)) return undefined;
  const type = /^\s*SELINUXTYPE\s*=\s*(\w+)/m.exec(readOptional(`${root}etc/selinux/config`) ?? '')?.[1] ?? 'targeted';
  const contexts =
    readOptional(`${root}usr/share/containers/selinux/contexts`) ?? readOptional(`${root}etc/selinux/${type}/contexts/lxc_contexts`);
  if (contexts === undefined) return undefined;
  const first = randomInt(CATEGORIES - 1);
  return { contexts, categories: [first, randomInt(first + 1, CATEGORIES)], policy: selinuxPolicy(root) };
}

let own: { readonly host: SelinuxHost | undefined } | undefined;

/** {@link selinuxHost} of this machine; the categories are the same as long as this process lives, for its commands share volumes. */
export function ownSelinuxHost(): SelinuxHost | undefined {
  own ??= { host: selinuxHost() };
  return own.host;
}

/**
 * The labels that a command gets. Nobody asked for labels: none where the policy does not have them, or does not let this process start
 * commands so.
 *
 * @param options as {@link parseLabelOption} takes them
 * @throws {UnsupportedFeatureError} what was asked for is no context by the policy
 */
export function labelsOf(options: readonly string[], host: SelinuxHost): SelinuxLabels | undefined {
  const labels = selinuxLabels(options, host);
  const { policy } = host;
  const unknown = [labels.process, labels.mount].find((context) => context !== '' && !policy.knows(context));
  if (unknown === undefined) return options.length > 0 || policy.mayStartAs(labels.process) ? labels : undefined;
  if (options.length === 0 || options.includes('disable')) return undefined;
  throw new UnsupportedFeatureError(`the SELinux policy of this machine has no context ${JSON.stringify(unknown)}`, {
    hint: 'Types for containers come with the package container-selinux; --security-opt label=disable goes without',
  });
}

/** The label of what every container may use. */
export function sharedLabel(mount: string): string {
  return mount.split(':').slice(0, 3).concat('s0').join(':');
}

/**
 * The labels of a command and its files.
 *
 * @param options as {@link parseLabelOption} takes them
 * @see https://github.com/opencontainers/selinux/blob/main/go-selinux/label/label_linux.go
 */
export function selinuxLabels(
  options: readonly string[],
  { contexts, categories }: Pick<SelinuxHost, 'contexts' | 'categories'>,
): SelinuxLabels {
  const level = `s0:c${categories[0]},c${categories[1]}`;
  const process = parseContext(readContext(contexts, 'process'), level);
  const mount = parseContext(readContext(contexts, 'file'), level);
  for (const option of options.map(parseLabelOption)) {
    // Every container may use what has the two highest categories.
    if (option === 'disable') return { process: '', mount: formatContext({ ...mount, level: 's0:c1022,c1023' }) };
    const { field, value } = option;
    if (field === 'filetype') {
      mount.type = value;
      continue;
    }
    process[field] = value;
    if (field === 'level' || field === 'user') mount[field] = value;
  }
  return { process: formatContext(process), mount: formatContext(mount) };
}

type Context = Record<'user' | 'role' | 'type' | 'level', string>;

function readContext(contexts: string, name: string): string {
  const fallback = name === 'process' ? 'system_u:system_r:container_t:s0' : 'system_u:object_r:container_file_t:s0';
  return new RegExp(`^\\s*${name}\\s*=\\s*"([^"]+)"`, 'm').exec(contexts)?.[1] ?? fallback;
}

function parseContext(text: string, level: string): Context {
  const [user = '', role = '', type = ''] = text.split(':');
  return { user, role, type, level };
}

function formatContext({ user, role, type, level }: Context): string {
  return [user, role, type, level].join(':');
}

function readOptional(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
