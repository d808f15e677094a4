import { closeSync, constants, createReadStream, mkdirSync, openSync, readFileSync } from 'node:fs';
import { ContextError } from '../../../context/index.js';
import { hasCode, UnsupportedFeatureError, UsageError } from '../../../errors.js';
import { ARCHIVE_HEAD_BYTES, peek } from '../../../layers/index.js';
import { withoutPassword } from '../../../parser/index.js';
import { closeFd, type Fd, openat2, RESOLVE_BENEATH, RESOLVE_NO_MAGICLINKS } from '../../../sys/index.js';
import type { Services } from '../../context.js';
import { ContainerfileMissingError, type ContainerfileText, DEFAULT_NAMES, readContainerfile } from '../read-containerfile.js';
import type { SourceGate } from '../source-gate.js';
import { type BuildPlace, type PlaceOptions, specialTexts } from './build-place.js';
import { gitUrl } from './named-contexts.js';
import type { RemoteSources } from './remote-sources.js';
import { MAX_CONTAINERFILE_BYTES } from './special-files.js';

/** A context as it came: files, or a Containerfile alone. */
interface Fetched {
  readonly directory: string;
  readonly text?: string;
}

/**
 * Fetches the context of a build: a repository, an archive or a Containerfile from a URL, or either from standard input.
 *
 * @throws {UsageError} @throws {ContextError} it cannot be unpacked, or holds no Containerfile
 */
export async function fetchPlace(options: PlaceOptions, remote: RemoteSources, gate: SourceGate, services: Services): Promise<BuildPlace> {
  const { contextDirectory: context, files } = options;
  if (context === '-' && files.includes('-')) throw new UsageError('--file=- and the context "-" cannot both be standard input');
  const origin = context === '-' ? 'standard input' : withoutPassword(context);
  const fetched = await fetch(context, remote, services.signal);
  const { directory, text } = fetched;
  if (text !== undefined && files.length > 0)
    throw new UsageError(`${origin} is a Containerfile, and --file names another`, {
      hint: 'Give one of them, or an archive as the context',
    });
  if (text?.trim() === '') throw new ContainerfileMissingError(`${origin}: the Containerfile cannot be empty`);
  const containerfile =
    text !== undefined
      ? { name: origin, text: text.endsWith('\n') ? text : `${text}\n`, path: undefined }
      : await containerfileOf(directory, origin, options, gate, services);
  return { containerfile, directory, origin };
}

async function fetch(context: string, remote: RemoteSources, signal: AbortSignal): Promise<Fetched> {
  if (context === '-') return readStandardInput(remote, signal);
  const git = gitUrl(context);
  if (git !== undefined) return { directory: await remote.fetchRepository(git, signal) };
  const { directory, file } = await remote.fetchDirectory(context, signal);
  if (file === undefined) return { directory };
  const empty = await remote.newPath();
  mkdirSync(empty);
  return { directory: empty, text: readFileSync(file, 'utf8').slice(0, MAX_CONTAINERFILE_BYTES) };
}

async function readStandardInput(remote: RemoteSources, signal: AbortSignal): Promise<Fetched> {
  const directory = await remote.newPath();
  mkdirSync(directory);
  const input = createReadStream('', { fd: 0, autoClose: false, highWaterMark: 256 * 1024, signal });
  const { head, stream } = await peek(input, ARCHIVE_HEAD_BYTES);
  if (await remote.unpackStream({ head, bytes: stream }, 'standard input', directory, signal)) return { directory };
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > MAX_CONTAINERFILE_BYTES) throw new ContextError('Standard input is neither an archive nor a Containerfile: it is too long');
    chunks.push(chunk);
  }
  return { directory, text: Buffer.concat(chunks).toString() };
}

/** A name is looked for in the context first: it is what was asked for, whatever lies where the user happens to be. */
async function containerfileOf(
  directory: string,
  origin: string,
  options: PlaceOptions,
  gate: SourceGate,
  services: Services,
): Promise<ContainerfileText> {
  const root = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    if (options.files.length === 0) {
      for (const name of DEFAULT_NAMES) {
        const text = readBeneath(root, name, origin);
        if (text !== undefined) return nonEmpty({ name, text, path: undefined });
      }
      throw new ContainerfileMissingError(`Cannot find a Containerfile or Dockerfile in ${origin}`, { hint: 'Name it with --file' });
    }
    const texts = new Map<string, string>();
    const others: string[] = [];
    for (const file of options.files) {
      const text = file === '-' || file.startsWith('/') ? undefined : readBeneath(root, file, origin);
      if (text === undefined) others.push(file);
      else if (file.endsWith('.in'))
        throw new UnsupportedFeatureError(`${file} of ${origin} is not preprocessed: its #include could read files of this machine`);
      else texts.set(file, text);
    }
    for (const [file, text] of await specialTexts({ ...options, files: others }, gate, services)) texts.set(file, text);
    return { ...readContainerfile(options.files, directory, texts), path: undefined };
  } finally {
    closeSync(root);
  }
}

function nonEmpty(file: ContainerfileText): ContainerfileText {
  if (file.text.trim() === '') throw new ContainerfileMissingError(`${file.name}: the Containerfile cannot be empty`);
  return file.text.endsWith('\n') ? file : { ...file, text: `${file.text}\n` };
}

/** A link in a context from elsewhere must not show a file of this machine. @returns undefined when there is no such file */
function readBeneath(root: Fd, name: string, origin: string): string | undefined {
  let fd: Fd;
  try {
    const flags = constants.O_RDONLY | constants.O_NONBLOCK;
    fd = openat2(root, name.replace(/^\.\//, ''), { flags, resolve: RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS });
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
    if (hasCode(error, 'EXDEV') || hasCode(error, 'ELOOP'))
      throw new ContextError(`Cannot use ${name} of ${origin}: it leads out of the build context`, { cause: error });
    throw error;
  }
  try {
    return readFileSync(fd, 'utf8');
  } catch (error) {
    throw new ContextError(`Cannot read ${name} of ${origin}: ${(error as Error).message}`, { cause: error });
  } finally {
    closeFd(fd);
  }
}
