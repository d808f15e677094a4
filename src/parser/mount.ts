import { didYouMean } from '../suggest.js';
import { parseCsvLine } from './csv.js';
import { Fault } from './fragment.js';
import { parseSize } from './size.js';
import { oneOfHint } from './usage.js';

/** A `RUN --mount=` as written: its keys are checked, its values may still hold variables. */
export interface MountSpec {
  /** The flag's value. */
  readonly text: string;
  readonly fields: readonly MountField[];
}

export interface MountField {
  /** Lower case, aliases replaced: `target`, `source`, `from`, ... */
  readonly key: string;
  /** `undefined`: the key stands alone. */
  readonly value: string | undefined;
  /** As written, for messages. */
  readonly text: string;
}

/** What a RUN wants mounted. Targets are as written: relative ones are meant from the working directory. */
export type Mount = BindMount | CacheMount | TmpfsMount | SecretMount | SshMount;

interface MountBase {
  readonly target: string;
  /** Mount options of Buildah's that BuildKit does not know: `z`, `Z`, `U`, `nosuid`, `rslave`, ...; in the order given. */
  readonly options: readonly string[];
}

export interface BindMount extends MountBase {
  readonly type: 'bind';
  /** Path inside what `from` names; empty: all of it. */
  readonly source: string;
  /** Stage, image or named context; `undefined`: the build context. */
  readonly from: string | undefined;
  /** False: the command may write, but what it writes is thrown away. */
  readonly readOnly: boolean;
}

export interface CacheMount extends MountBase {
  readonly type: 'cache';
  /** `undefined`: the cleaned target. */
  readonly id: string | undefined;
  readonly sharing: 'shared' | 'private' | 'locked';
  /** Where the first contents come from; `undefined`: it begins empty. */
  readonly from: string | undefined;
  readonly source: string;
  readonly readOnly: boolean;
  readonly modeBits: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

export interface TmpfsMount extends MountBase {
  readonly type: 'tmpfs';
  readonly sizeBytes: number | undefined;
  readonly modeBits: number | undefined;
  readonly readOnly: boolean;
}

export interface SecretMount extends MountBase {
  readonly type: 'secret';
  readonly id: string;
  /** File to show it as; `undefined` when only `env` is asked for. */
  readonly file: string | undefined;
  /** Environment variable to set. */
  readonly env: string | undefined;
  readonly required: boolean;
  readonly modeBits: number;
  readonly uid: number;
  readonly gid: number;
}

export interface SshMount extends MountBase {
  readonly type: 'ssh';
  readonly id: string;
  /** Path of the socket; `undefined`: `/run/buildkit/ssh_agent.N`. */
  readonly socket: string | undefined;
  readonly required: boolean;
  readonly modeBits: number;
  readonly uid: number;
  readonly gid: number;
}

const TYPES = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'] as const;

const ALIASES: Readonly<Record<string, string>> = {
  dst: 'target',
  destination: 'target',
  src: 'source',
  ro: 'readonly',
  rw: 'readwrite',
  'tmpfs-size': 'size',
};

const VALUE_KEYS = ['type', 'from', 'source', 'target', 'id', 'sharing', 'size', 'mode', 'uid', 'gid', 'env', 'tmpfs-mode'];
const SWITCH_KEYS = ['readonly', 'readwrite', 'required'];

/** Buildah's options; those of the first list take no value. */
const BARE_OPTIONS = [
  ...['z', 'Z', 'U', 'tmpcopyup', 'notmpcopyup', 'nosuid', 'suid', 'nodev', 'dev', 'noexec', 'exec', 'no-dereference'],
  ...['shared', 'rshared', 'private', 'rprivate', 'slave', 'rslave', 'unbindable', 'runbindable', 'bind', 'rbind'],
];
const VALUE_OPTIONS = ['bind-propagation', 'bind-nonrecursive', 'relabel', 'consistency', 'upperdir', 'workdir', 'opt'];

/** None of these words reaches the kernel as it is written. */
const OPTION_VALUES: Readonly<Record<string, readonly string[]>> = {
  'bind-propagation': ['shared', 'rshared', 'private', 'rprivate', 'slave', 'rslave', 'unbindable', 'runbindable'],
  relabel: ['private', 'shared'],
  consistency: ['consistent', 'cached', 'delegated', 'default'],
};

/**
 * Reads the value of a `--mount` flag.
 * @throws {Fault} it is no comma-separated list of known `key=value` pairs
 */
export function parseMountSpec(text: string): MountSpec {
  const fields = parseCsvLine(text);
  if (fields === undefined) throw new Fault('failed to parse csv mounts: a quote stands where it may not');
  return { text, fields: fields.map(parseField) };
}

/**
 * Gives the mount its values.
 *
 * @param expand replaces variables in a value; `from` is not passed through it, see `resolveFrom`
 * @param resolveFrom the final text of `from`
 * @throws {Fault} a value or a combination that no mount of that type has
 */
export function resolveMount(spec: MountSpec, expand: (text: string) => string, resolveFrom: (text: string) => string): Mount {
  const values = new Map<string, string | undefined>();
  const options: string[] = [];
  for (const { key, value, text } of spec.fields) {
    if (isOption(key)) options.push(value === undefined ? text : `${key}=${expand(value)}`);
    else values.set(key, value === undefined ? undefined : key === 'from' ? resolveFrom(value) : expand(value));
  }
  return new MountReader(values, options).read();
}

function parseField(field: string): MountField {
  const equals = field.indexOf('=');
  const written = equals === -1 ? field : field.slice(0, equals);
  const lower = written.toLowerCase();
  // `z` and `Z` differ.
  const key = BARE_OPTIONS.includes(written) ? written : Object.hasOwn(ALIASES, lower) ? (ALIASES[lower] as string) : lower;
  const value = equals === -1 ? undefined : field.slice(equals + 1);
  const alone = SWITCH_KEYS.includes(key) || BARE_OPTIONS.includes(key) || key === 'bind-nonrecursive';
  if (value === undefined && !alone) throw new Fault(`invalid field '${field}' must be a key=value pair`);
  if (!isOption(key) && !SWITCH_KEYS.includes(key) && !VALUE_KEYS.includes(key)) {
    throw new Fault(`unexpected key '${key}' in '${field}'`, undefined, didYouMean(key, KEY_NAMES));
  }
  const allowed = Object.hasOwn(OPTION_VALUES, key) ? OPTION_VALUES[key] : undefined;
  if (allowed !== undefined && value !== undefined && !allowed.includes(value)) {
    throw new Fault(`invalid value ${value} for ${key}`, undefined, didYouMean(value, allowed));
  }
  if (key === 'env' && value === '') throw new Fault(`invalid value for 'env' in '${field}'`);
  return { key, value, text: field };
}

const KEY_NAMES = [...VALUE_KEYS, ...SWITCH_KEYS, ...Object.keys(ALIASES)];

function isOption(key: string): boolean {
  return BARE_OPTIONS.includes(key) || VALUE_OPTIONS.includes(key);
}

class MountReader {
  private readonly type: Mount['type'];

  constructor(
    private readonly values: ReadonlyMap<string, string | undefined>,
    private readonly options: readonly string[],
  ) {
    const written = values.get('type') ?? 'bind';
    const type = TYPES.find((known) => known === written.toLowerCase());
    if (type === undefined) {
      const hint = didYouMean(written, TYPES) ?? oneOfHint(TYPES);
      throw new Fault(`unsupported mount type ${JSON.stringify(written)}`, undefined, hint);
    }
    this.type = type;
  }

  read(): Mount {
    const { type, options } = this;
    this.checkKeys();
    const target = this.values.get('target') ?? '';
    const source = this.values.get('source') ?? '';
    const from = this.values.get('from');
    if (from === '') throw new Fault("invalid value for 'from': it names no stage, image or context");
    const readOnly = this.readOnly(type === 'bind');
    switch (type) {
      case 'bind':
        return { type, target, source, from, readOnly, options };
      case 'cache': {
        const id = this.values.get('id');
        return { type, target, id: id === '' ? undefined : id, sharing: this.sharing(), from, source, readOnly, ...this.owner(), options };
      }
      case 'tmpfs':
        return { type, target, sizeBytes: this.size(), modeBits: this.number('tmpfs-mode', 8), readOnly, options };
      case 'secret':
        return this.secret(target);
      case 'ssh':
        return this.ssh(target);
    }
  }

  private checkKeys(): void {
    const { type } = this;
    const refuse = (key: string, types: readonly string[], problem = `unexpected key '${key}' for mount type '${type}'`): void => {
      if (this.values.has(key) && !types.includes(type)) throw new Fault(problem);
    };
    refuse('required', ['secret', 'ssh']);
    refuse('size', ['tmpfs']);
    refuse('tmpfs-mode', ['tmpfs']);
    refuse('env', ['secret']);
    refuse('sharing', ['cache', 'secret'], `invalid cache sharing set for ${type} mount`);
    for (const key of ['mode', 'uid', 'gid']) refuse(key, ['cache', 'secret', 'ssh'], `${key} not allowed for "${type}" type mounts`);
    if (type === 'secret' && this.values.has('from')) throw new Fault('secret mount should not have a from');
    if (type === 'secret' && this.values.has('sharing')) throw new Fault('secret mount should not define sharing');
    if (type === 'ssh' && this.values.has('source')) throw new Fault('ssh does not support source');
    if (type === 'ssh') refuse('from', ['bind', 'cache']);
  }

  private secret(target: string): SecretMount {
    const given = this.values.get('id') ?? '';
    const source = this.values.get('source') ?? '';
    if (given !== '' && source !== '') throw new Fault("both source and id can't be set");
    const id = given || source || (target.split('/').filter(Boolean).at(-1) ?? '');
    if (id === '') throw new Fault('invalid secret mount. one of source, target required');
    const env = this.values.get('env');
    const file = target !== '' ? target : env === undefined ? `/run/secrets/${id.split('/').at(-1)}` : undefined;
    return {
      type: 'secret',
      target: file ?? '',
      id,
      file,
      env,
      required: this.switch('required'),
      ...this.ownerOr(0o400),
      options: this.options,
    };
  }

  private ssh(target: string): SshMount {
    const socket = target === '' ? undefined : target;
    const id = this.values.get('id') || 'default';
    return { type: 'ssh', target, id, socket, required: this.switch('required'), ...this.ownerOr(0o600), options: this.options };
  }

  private readOnly(otherwise: boolean): boolean {
    if (this.values.has('readwrite')) return !this.switch('readwrite');
    return this.values.has('readonly') ? this.switch('readonly') : otherwise;
  }

  private switch(key: string): boolean {
    if (!this.values.has(key)) return false;
    const value = this.values.get(key) ?? 'true';
    // strconv.ParseBool's words.
    if (/^(1|t|true)$/i.test(value)) return true;
    if (/^(0|f|false)$/i.test(value)) return false;
    throw new Fault(`invalid value for ${key}: ${value}`);
  }

  private sharing(): CacheMount['sharing'] {
    const value = this.values.get('sharing') ?? 'shared';
    if (value === 'shared' || value === 'private' || value === 'locked') return value;
    throw new Fault(`unsupported sharing value ${JSON.stringify(value)}`, undefined, oneOfHint(['shared', 'private', 'locked']));
  }

  private size(): number | undefined {
    const value = this.values.get('size');
    if (value === undefined) return undefined;
    const size = parseSize(value);
    if (size === undefined) throw new Fault(`invalid value ${value} for size`);
    return size;
  }

  private owner(): { modeBits: number | undefined; uid: number | undefined; gid: number | undefined } {
    return { modeBits: this.number('mode', 8), uid: this.number('uid', 10), gid: this.number('gid', 10) };
  }

  private ownerOr(modeBits: number): { modeBits: number; uid: number; gid: number } {
    const given = this.owner();
    return { modeBits: given.modeBits ?? modeBits, uid: given.uid ?? 0, gid: given.gid ?? 0 };
  }

  private number(key: string, radix: 8 | 10): number | undefined {
    const value = this.values.get(key);
    if (value === undefined) return undefined;
    const valid = radix === 8 ? /^[0-7]{1,11}$/.test(value) : /^\d{1,10}$/.test(value);
    const number = Number.parseInt(value, radix);
    if (!valid || number > 0xffffffff) throw new Fault(`invalid value ${value} for ${key.replace('tmpfs-', '')}`);
    return number;
  }
}
