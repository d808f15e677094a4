import { environmentOf } from '../../builder/graph/index.js';
import { UsageError } from '../../errors.js';
import type { ContainerConfig, Healthcheck, HistoryEntry, ImageConfig } from '../../image/index.js';
import { parseGoDuration } from '../../parser/index.js';
import type { ContainerRecord } from '../../store/index.js';
import { readJsonWords, splitShellWords } from './shell-words.js';

/** What `config` is asked to change, as it was written. A list entry `NAME-` takes NAME away, `-` alone everything. */
export interface ContainerEdits {
  readonly annotation?: readonly string[] | undefined;
  readonly arch?: string | undefined;
  readonly author?: string | undefined;
  readonly cmd?: string | undefined;
  readonly comment?: string | undefined;
  readonly createdBy?: string | undefined;
  readonly domainname?: string | undefined;
  readonly entrypoint?: string | undefined;
  readonly env?: readonly string[] | undefined;
  readonly healthcheck?: string | undefined;
  readonly healthcheckInterval?: string | undefined;
  readonly healthcheckRetries?: number | undefined;
  readonly healthcheckStartPeriod?: string | undefined;
  readonly healthcheckStartInterval?: string | undefined;
  readonly healthcheckTimeout?: string | undefined;
  readonly historyComment?: string | undefined;
  readonly hostname?: string | undefined;
  readonly label?: readonly string[] | undefined;
  readonly onbuild?: readonly string[] | undefined;
  readonly os?: string | undefined;
  readonly osFeature?: readonly string[] | undefined;
  readonly osVersion?: string | undefined;
  readonly port?: readonly string[] | undefined;
  readonly shell?: string | undefined;
  readonly stopSignal?: string | undefined;
  readonly unsetAnnotation?: readonly string[] | undefined;
  readonly unsetLabel?: readonly string[] | undefined;
  readonly user?: string | undefined;
  readonly variant?: string | undefined;
  readonly volume?: readonly string[] | undefined;
  readonly workingdir?: string | undefined;
}

export interface EditSurroundings {
  /** For `--env NAME` without a value. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly warn: (text: string) => void;
  /** RFC 3339. */
  readonly now: string;
  /** Whether each change is told in the history, too. */
  readonly addHistory: boolean;
}

/**
 * The record of a container after `config`. Entries of the history come in Buildah's order, whatever that of the flags.
 *
 * @throws {UsageError} a value that cannot be read
 */
export function editContainer(record: ContainerRecord, edits: ContainerEdits, surroundings: EditSurroundings): ContainerRecord {
  const config = editImageConfig(record.config, edits, surroundings);
  warnAboutFormat(record, edits, surroundings);
  const added = surroundings.addHistory ? historyOf(edits).map((text) => nop(text, surroundings.now)) : [];
  const dockerOnly = {
    ...record.dockerOnly,
    ...defined({ comment: edits.comment, hostname: edits.hostname, domainname: edits.domainname }),
  };
  return {
    ...record,
    config,
    annotations: editMap(record.annotations ?? {}, edits.annotation, edits.unsetAnnotation),
    addedHistory: [...(record.addedHistory ?? []), ...added],
    historyNotes: { ...record.historyNotes, ...defined({ createdBy: edits.createdBy, comment: edits.historyComment }) },
    dockerOnly,
  };
}

/** An entry of the history without a layer, in the words of Buildah's commands. */
export function nop(text: string, created: string): HistoryEntry {
  return { created, created_by: `/bin/sh -c #(nop) ${text}`, empty_layer: true };
}

function editImageConfig(image: ImageConfig, edits: ContainerEdits, surroundings: EditSurroundings): ImageConfig {
  const { config: container = {}, ...rest } = image;
  const { author = image.author, arch, os, osVersion, osFeature, variant = image.variant } = edits;
  const features = editList(image['os.features'] ?? [], osFeature);
  const edited = {
    ...rest,
    author: author || undefined,
    architecture: arch ?? image.architecture,
    os: os ?? image.os,
    variant: variant || undefined,
    'os.version': osVersion ?? image['os.version'],
    'os.features': features.length === 0 ? undefined : features,
    config: withoutEmpty(editContainerFields(container, edits, surroundings)),
  };
  return defined(edited) as ImageConfig;
}

function editContainerFields(config: ContainerConfig, edits: ContainerEdits, surroundings: EditSurroundings): object {
  const { cmd, entrypoint, shell, user, workingdir, stopSignal } = edits;
  const { Cmd: command = [] } = config;
  if (entrypoint !== undefined && entrypoint.trim() !== '' && (command ?? []).length > 0)
    surroundings.warn(`cmd ${JSON.stringify((command ?? []).join(' '))} exists and will be passed to entrypoint as a parameter`);
  return {
    ...config,
    ...defined({ User: user, WorkingDir: workingdir, StopSignal: stopSignal }),
    Env: editEnv(config, edits.env, surroundings),
    Labels: editMap(config.Labels ?? {}, edits.label, edits.unsetLabel),
    ExposedPorts: editSet(config.ExposedPorts ?? {}, edits.port),
    Volumes: editSet(config.Volumes ?? {}, edits.volume),
    OnBuild: [...(config.OnBuild ?? []), ...(edits.onbuild ?? []).filter((trigger) => trigger !== '')],
    ...(entrypoint === undefined ? {} : { Entrypoint: readEntrypoint(entrypoint) }),
    ...(cmd === undefined ? {} : { Cmd: readJsonWords(cmd) ?? splitShellWords(cmd, 'cmd') }),
    ...(shell === undefined ? {} : { Shell: readJsonWords(shell) ?? splitShellWords(shell, 'shell') }),
    ...editHealthcheck(config.Healthcheck, edits),
  };
}

/** As JSON it is started as it is, as text by a shell. */
function readEntrypoint(text: string): readonly string[] {
  return readJsonWords(text) ?? (text.trim() === '' ? [] : ['/bin/sh', '-c', text]);
}

function editEnv(
  config: ContainerConfig,
  specs: readonly string[] | undefined,
  { environment, warn }: EditSurroundings,
): readonly string[] | undefined {
  if (specs === undefined) return config.Env;
  const values = new Map(environmentOf(config));
  for (const spec of specs) {
    const equals = spec.indexOf('=');
    if (spec === '-') values.clear();
    else if (equals !== -1) values.set(spec.slice(0, equals), expandVariables(spec.slice(equals + 1), values, warn));
    else if (spec.endsWith('-')) values.delete(spec.slice(0, -1));
    else if (environment[spec] !== undefined) values.set(spec, environment[spec]);
  }
  return [...values].map(([name, value]) => `${name}=${value}`);
}

/** `$NAME` and `${NAME}` from the container's own environment; a name that is not there stands for itself, as in Buildah. */
function expandVariables(text: string, values: ReadonlyMap<string, string>, warn: (text: string) => void): string {
  return text.replace(/\$(?:\{([^}]*)\}|([A-Za-z_]\w*))/g, (_, braced: string | undefined, plain: string | undefined) => {
    const name = braced ?? plain ?? '';
    const value = values.get(name);
    if (value === undefined) warn(`error expanding variable ${JSON.stringify(name)}: no value set in configuration`);
    return value ?? name;
  });
}

/** `NAME=VALUE`, `NAME` for an empty value. */
function editMap(
  map: Readonly<Record<string, string>>,
  specs: readonly string[] | undefined = [],
  unset: readonly string[] | undefined = [],
): Record<string, string> {
  const values = new Map(Object.entries(map));
  for (const spec of specs) {
    const equals = spec.indexOf('=');
    if (spec === '-') values.clear();
    else if (equals !== -1) values.set(spec.slice(0, equals), spec.slice(equals + 1));
    else if (spec.endsWith('-')) values.delete(spec.slice(0, -1));
    else values.set(spec, '');
  }
  for (const name of unset) values.delete(name);
  return Object.fromEntries(values);
}

function editSet(set: Readonly<Record<string, Readonly<Record<string, never>>>>, specs: readonly string[] | undefined) {
  return Object.fromEntries(editList(Object.keys(set), specs).map((name) => [name, {}]));
}

function editList(list: readonly string[], specs: readonly string[] | undefined = []): string[] {
  const names = new Set(list);
  for (const spec of specs) {
    if (spec === '-') names.clear();
    else if (spec.endsWith('-')) names.delete(spec.slice(0, -1));
    else names.add(spec);
  }
  return [...names];
}

/** What the first change starts from. @see https://github.com/containers/buildah/blob/v1.44.0/cmd/buildah/config.go (updateHealthcheck) */
const NO_HEALTHCHECK: Healthcheck = { Test: ['NONE'], Interval: 30e9, Timeout: 30e9, Retries: 3 };

function editHealthcheck(before: Healthcheck | undefined, edits: ContainerEdits): { Healthcheck?: Healthcheck | undefined } {
  const { healthcheck, healthcheckRetries: retries } = edits;
  const changes = defined({
    Test: healthcheck === undefined ? undefined : readTest(healthcheck),
    Interval: readDuration('healthcheck-interval', edits.healthcheckInterval),
    Timeout: readDuration('healthcheck-timeout', edits.healthcheckTimeout),
    StartPeriod: readDuration('healthcheck-start-period', edits.healthcheckStartPeriod),
    StartInterval: readDuration('healthcheck-start-interval', edits.healthcheckStartInterval),
    Retries: retries,
  });
  if (healthcheck?.trim() === '') return { Healthcheck: undefined };
  return Object.keys(changes).length === 0 ? {} : { Healthcheck: { ...(before ?? NO_HEALTHCHECK), ...changes } };
}

/** What a shell is to run is kept as one text. */
function readTest(text: string): readonly string[] {
  const command = /^\s*CMD-SHELL\s+(.*)$/s.exec(text)?.[1];
  return command === undefined ? splitShellWords(text, 'healthcheck') : ['CMD-SHELL', command];
}

function readDuration(flagName: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  try {
    return parseGoDuration(text);
  } catch (error) {
    if (error instanceof RangeError)
      throw new UsageError(`parsing --${flagName} ${JSON.stringify(text)}: ${error.message}`, { cause: error });
    throw error;
  }
}

function historyOf(edits: ContainerEdits): string[] {
  const one = (word: string, text: string | undefined): string[] => (text === undefined ? [] : [`${word} ${text}`]);
  const many = (word: string, list: readonly string[] | undefined): string[] => (list === undefined ? [] : [`${word} ${list.join(' ')}`]);
  return [
    ...one('USER', edits.user),
    ...one('SHELL', edits.shell),
    ...one('STOPSIGNAL', edits.stopSignal),
    ...many('EXPOSE', edits.port),
    ...many('ENV', edits.env),
    ...one('ENTRYPOINT', edits.entrypoint),
    ...one('CMD', edits.cmd),
    ...many('VOLUME', edits.volume),
    ...healthcheckHistory(edits),
    ...many('LABEL', edits.label),
    ...one('WORKDIR', edits.workingdir),
    ...(edits.onbuild ?? []).filter((trigger) => trigger !== '').map((trigger) => `ONBUILD ${trigger}`),
  ];
}

function healthcheckHistory(edits: ContainerEdits): string[] {
  const option = (name: string, value: string | number | undefined): string[] => (value === undefined ? [] : [`--${name}=${value}`]);
  const words = [
    ...option('interval', edits.healthcheckInterval),
    ...option('retries', edits.healthcheckRetries),
    ...option('start-period', edits.healthcheckStartPeriod),
    ...option('start-interval', edits.healthcheckStartInterval),
    ...option('timeout', edits.healthcheckTimeout),
    ...(edits.healthcheck === undefined ? [] : [edits.healthcheck]),
  ];
  return words.length === 0 ? [] : [`HEALTHCHECK ${words.join(' ')}`];
}

/** An OCI image of ours holds health check, triggers and shell; what it cannot hold is said as Buildah says it. */
function warnAboutFormat({ format }: ContainerRecord, { comment, domainname, hostname }: ContainerEdits, { warn }: EditSurroundings): void {
  if (format === 'docker') return;
  const ignored = (word: string, name: string, value: string | undefined): void => {
    if (value) warn(`${word} is not supported for OCI image format, ${name} ${value} will be ignored. Must use \`docker\` format`);
  };
  ignored('COMMENT', 'comment', comment);
  ignored('DOMAINNAME', 'domainname', domainname);
  ignored('HOSTNAME', 'hostname', hostname);
}

function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** OCI leaves out what says nothing. */
function withoutEmpty(config: object): ContainerConfig {
  const entries = Object.entries(config).filter(([name, value]) => {
    if (value === undefined || value === null || value === '') return false;
    // `Test: []` inherits, so a health check is never nothing.
    return name === 'Healthcheck' || typeof value !== 'object' || Object.keys(value).length > 0;
  });
  return Object.fromEntries(entries);
}
