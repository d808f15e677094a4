import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Context, type ContextSource, openContext, openedContext } from '../../../context/index.js';
import { UnsupportedFeatureError, UsageError } from '../../../errors.js';
import { ANNOTATION_REF_NAME, formatPlatform, type Platform, parseIndex, parsePlatform } from '../../../image/index.js';
import { Fault, parseGitUrl, withoutPassword } from '../../../parser/index.js';
import { formatTransport, parseTransport } from '../../../transports/index.js';
import type { LateSources } from './late-sources.js';

/** What a name of `--build-context` stands for. */
export type NamedContext =
  | { readonly kind: 'scratch' }
  | { readonly kind: 'image'; readonly reference: string }
  | { readonly kind: 'files'; readonly source: ContextSource };

/** The contexts of `--build-context`, each opened when a step needs it. */
export interface NamedContexts {
  /** Those that a build for `platform` has. */
  names(platform: Platform): readonly string[];
  /** @throws {UsageError} nothing is there */
  get(name: string, platform: Platform, signal: AbortSignal): Promise<NamedContext>;
  close(): Promise<void>;
}

interface Flag {
  readonly name: string;
  /** For builds for this platform alone. */
  readonly platform: string | undefined;
  readonly value: string;
}

/**
 * `--build-context NAME[::OS/ARCH]=VALUE`, as BuildKit and Buildah read it: a directory, a git repository, a URL, or an image.
 *
 * @throws {UsageError} a flag of another form, or a directory that is not there
 */
export function namedContexts(flags: readonly string[], remote: LateSources, statCacheDirectory: string): NamedContexts {
  const parsed = flags.map(parseFlag);
  const found = new Map<Flag, Promise<NamedContext>>();
  const opened: Promise<Context>[] = [];
  const open = (options: Parameters<typeof openContext>[0]): Promise<Context> => {
    const context = openContext(options);
    opened.push(context);
    return context;
  };
  const flagOf = (name: string, platform: Platform): Flag | undefined => {
    const wanted = parsed.filter((flag) => flag.name === name);
    const exact = wanted.findLast((flag) => flag.platform === formatPlatform(platform));
    return exact ?? wanted.findLast((flag) => flag.platform === undefined);
  };
  const resolveFlag = async ({ name, value }: Flag, signal: AbortSignal): Promise<NamedContext> => {
    const image = imageReference(value);
    if (image === 'scratch') return { kind: 'scratch' };
    if (image !== undefined) return { kind: 'image', reference: image };
    const label = `the named context "${name}"`;
    const files = (source: ContextSource): NamedContext => ({ kind: 'files', source: { ...source, name: label } });
    const git = gitUrl(value);
    if (git !== undefined) return files(await (await remote.open()).openRepository(git, 'user', signal));
    const place = `${label} (${withoutPassword(value)})`;
    if (isWebUrl(value)) {
      const { directory } = await (await remote.open()).fetchDirectory(value, signal);
      return files(openedContext(await open({ directory, ownIgnoreFiles: false, place })));
    }
    return files(openedContext(await open({ directory: resolve(value), statCacheDirectory, place })));
  };
  return {
    names: (platform) => [...new Set(parsed.map(({ name }) => name))].filter((name) => flagOf(name, platform) !== undefined),
    async get(name, platform, signal) {
      const flag = flagOf(name, platform)!;
      const context = found.get(flag) ?? resolveFlag(flag, signal);
      found.set(flag, context);
      return context;
    },
    async close() {
      for (const context of opened) await (await context.catch(() => undefined))?.close();
    },
  };
}

/** Those that are directories of this machine: absolute paths. */
export function localDirectories(flags: readonly string[]): readonly string[] {
  return flags
    .map((flag) => parseFlag(flag).value)
    .filter((value) => imageReference(value) === undefined && gitUrl(value) === undefined && !isWebUrl(value))
    .map((value) => resolve(value));
}

function parseFlag(text: string): Flag {
  const equals = text.indexOf('=');
  const [name = '', platform, ...rest] = (equals < 0 ? text : text.slice(0, equals)).split('::');
  const value = equals < 0 ? '' : text.slice(equals + 1);
  if (name.trim() === '' || rest.length > 0 || /\s/.test(name)) throw new UsageError(`invalid context name ${JSON.stringify(text)}`);
  if (value === '') throw new UsageError(`invalid build context ${JSON.stringify(text)}: it is NAME=VALUE`);
  if (['scratch', 'context'].includes(name.toLowerCase())) throw new UsageError(`invalid context name ${name}: it cannot be replaced`);
  if (/^(input|target):/.test(value)) throw new UnsupportedFeatureError(`--build-context ${text}: unsupported context source`);
  // What is said wrongly is said before anything is built; what is elsewhere is looked for when it is needed.
  if (imageReference(value) === undefined && gitUrl(value) === undefined && !isWebUrl(value)) {
    const stat = statSync(value, { throwIfNoEntry: false });
    if (stat?.isDirectory() !== true) {
      const problem = stat === undefined ? 'no such file or directory' : 'it is not a directory';
      throw new UsageError(`Cannot use ${JSON.stringify(value)} as the build context "${name}": ${problem}`, {
        hint: 'It is a directory, a git repository, a URL, docker-image://NAME, oci-layout://PATH[:TAG|@DIGEST] or TRANSPORT:...',
      });
    }
  }
  return { name, platform: platform === undefined ? undefined : formatPlatform(parsePlatform(platform)), value };
}

/** The image that is meant, as FROM names it; undefined when none is. */
function imageReference(value: string): string | undefined {
  const named = /^(?:docker-image|container-image):\/\/(.+)$/s.exec(value)?.[1];
  if (named !== undefined) return named;
  const layout = /^oci-layout:(?:\/\/)?(.+)$/s.exec(value)?.[1];
  if (layout !== undefined) return layoutReference(layout);
  const transport = parseTransport(value);
  return transport === undefined ? undefined : formatTransport(transport);
}

/** A tag is looked up here: under its digest the image gets no name in the store. */
function layoutReference(text: string): string {
  const [, path = text, digest] = /^(.*?)@(sha256:[0-9a-f]{64})$/s.exec(text) ?? [];
  if (digest !== undefined) return `oci:${path.replace(/:[\w][\w.-]*$/, '')}:${digest}`;
  const [, directory = text, tag] = /^(.*):([\w][\w.-]*)$/s.exec(text) ?? [];
  if (tag === undefined) return `oci:${text}`;
  const file = join(directory, 'index.json');
  const bytes = statSync(file, { throwIfNoEntry: false }) === undefined ? undefined : readFileSync(file);
  if (bytes === undefined) throw new UsageError(`Cannot use the build context oci-layout://${text}: "${file}" does not exist`);
  const { manifests } = parseIndex(bytes, { subject: `index.json of ${directory}` });
  const found = manifests.find(({ annotations }) => annotations?.[ANNOTATION_REF_NAME] === tag);
  if (found === undefined) throw new UsageError(`Cannot use the build context oci-layout://${text}: no image there is called "${tag}"`);
  return `oci:${directory}:${found.digest}`;
}

export function isWebUrl(value: string): boolean {
  return /^https?:\/\//i.test(value);
}

/** A git repository on the command line: also `github.com/NAME/NAME` where no such directory is. @throws {UsageError} */
export function gitUrl(value: string): ReturnType<typeof parseGitUrl> {
  try {
    if (/^github\.com\/[^/]+\/[^/]+/.test(value) && statSync(value, { throwIfNoEntry: false }) === undefined) {
      const [, path = '', rest = ''] = /^([^?#]*)(.*)$/s.exec(value) ?? [];
      return parseGitUrl(`https://${path.replace(/\.git$/, '')}.git${rest}`);
    }
    return parseGitUrl(value);
  } catch (error) {
    if (error instanceof Fault) throw new UsageError(`${withoutPassword(value)}: ${error.problem}`, { hint: error.hint, cause: error });
    throw error;
  }
}
