import {
  type AddInstruction,
  type CopyInstruction,
  checkCommit,
  expandHeredoc,
  Fault,
  type GitUrl,
  heredocText,
  type Lookup,
  parseGitUrl,
  withoutPassword,
} from '../../parser/index.js';
import { inWord } from './fault-location.js';
import { copyDestination } from './image-path.js';
import type { AddStep, CopyStep, StepSource } from './step.js';

export interface CopyContext {
  readonly expand: (text: string) => string;
  readonly lookup: Lookup;
  readonly workingDirectory: string;
}

/** What COPY and ADD have in common, variables replaced. */
export type CopyParts = Pick<CopyStep, 'sources' | 'destination' | 'chown' | 'chmod' | 'link' | 'exclude'>;

/**
 * @throws {Fault} a value that can be judged without looking at files is wrong
 */
export function lowerCopy(instruction: CopyInstruction, context: CopyContext): CopyParts & Pick<CopyStep, 'parents'> {
  const parts = lowerParts(instruction, context);
  for (const [at, source] of parts.sources.entries()) {
    const written = instruction.sources[at];
    const word = written?.kind === 'path' ? written.path : undefined;
    if (source.kind === 'url') throw new Fault("source can't be a URL for COPY", undefined, 'Use ADD to fetch a URL', word);
    if (source.kind === 'git') throw new Fault("source can't be a git ref for COPY", undefined, 'Use ADD to fetch a repository', word);
  }
  return { ...parts, parents: instruction.parents };
}

/**
 * @throws {Fault} a value that can be judged without looking at files is wrong
 */
export function lowerAdd(
  instruction: AddInstruction,
  context: CopyContext,
): CopyParts & Pick<AddStep, 'checksum' | 'keepGitDir' | 'unpack'> {
  const parts = lowerParts(instruction, context);
  const { keepGitDir, unpack } = instruction;
  const checksum = instruction.checksum === undefined ? undefined : context.expand(instruction.checksum);
  if (checksum !== undefined) {
    if (parts.sources.length > 1) throw new Fault("checksum can't be specified for multiple sources", undefined, undefined, '--checksum');
    const [source] = parts.sources;
    if (source?.kind !== 'url' && source?.kind !== 'git') {
      throw new Fault('checksum requires HTTP(S) or Git sources', undefined, undefined, '--checksum');
    }
    if (source.kind === 'git') checkCommit(checksum);
    else if (!/^sha256:[0-9a-f]{64}$/.test(checksum))
      throw new Fault(`invalid checksum ${JSON.stringify(checksum)}`, undefined, 'It is sha256: and 64 hexadecimal digits');
  }
  const sources = parts.sources.map((source) =>
    source.kind === 'git' ? { ...source, url: withFlags(source.url, checksum, keepGitDir) } : source,
  );
  return { ...parts, sources, checksum, keepGitDir, unpack };
}

/** What the flags of ADD and the query of the URL say together. */
function withFlags(url: GitUrl, checksum: string | undefined, keepGitDir: boolean | undefined): GitUrl {
  if (url.keepGitDir !== undefined && keepGitDir !== undefined && url.keepGitDir !== keepGitDir)
    throw new Fault('inconsistent keep-git-dir configuration', undefined, 'Say it once, by --keep-git-dir or in the URL');
  if (url.checksum !== undefined && checksum !== undefined && url.checksum !== checksum)
    throw new Fault(`checksum mismatch ${JSON.stringify(url.checksum)} != ${JSON.stringify(checksum)}`);
  return { ...url, checksum: checksum ?? url.checksum, keepGitDir: keepGitDir ?? url.keepGitDir, ref: url.ref ?? checksum };
}

function lowerParts(instruction: CopyInstruction | AddInstruction, { expand, lookup, workingDirectory }: CopyContext): CopyParts {
  const sources = instruction.sources.map((source): StepSource => {
    if (source.kind === 'path') return classify(expand(source.path), instruction);
    const { heredoc } = source;
    const text = heredocText(heredoc);
    return { kind: 'text', name: heredoc.name, content: heredoc.expand ? expandHeredoc(text, { lookup }) : text };
  });
  const chown = instruction.chown === undefined ? undefined : expand(instruction.chown);
  const chmod = instruction.chmod === undefined ? undefined : expand(instruction.chmod);
  if (chown !== undefined) inWord(instruction.chown ?? '', () => checkChown(chown));
  if (chmod !== undefined) inWord(instruction.chmod ?? '', () => checkChmod(chmod));
  return {
    sources,
    destination: copyDestination(workingDirectory, expand(instruction.destination)),
    chown,
    chmod,
    link: instruction.link,
    exclude: instruction.exclude,
  };
}

/** Only what comes from the build context can be remote: `COPY --from=x https://...` is a path. */
function classify(path: string, instruction: CopyInstruction | AddInstruction): StepSource {
  if (instruction.keyword === 'COPY' && instruction.from !== undefined) return { kind: 'path', path };
  const git = parseGitUrl(path);
  if (git !== undefined) return { kind: 'git', url: git };
  if (/^https?:\/\//.test(path)) {
    if (!URL.canParse(path)) throw new Fault(`"${withoutPassword(path)}" is not a URL`);
    return { kind: 'url', url: path };
  }
  return { kind: 'path', path };
}

function checkChown(chown: string): void {
  if (!/^[^:]*(:[^:]*)?$/.test(chown) || /^:?$/.test(chown)) {
    throw new Fault(`invalid chown parameter: '${chown}'`, undefined, 'It is user, user:group or :group, each a name or a number');
  }
}

const SYMBOLIC_CLAUSE = /^[ugoa]*([-+=]([ugo]|[rwxXst]*))+$/;

/** Whether `--chmod` can be meant: octal digits up to 07777, or clauses as chmod(1) has them. */
export function isChmod(text: string): boolean {
  return /^[0-7]{1,5}$/.test(text) ? Number.parseInt(text, 8) <= 0o7777 : text.split(',').every((clause) => SYMBOLIC_CLAUSE.test(clause));
}

function checkChmod(chmod: string): void {
  if (!isChmod(chmod)) throw new Fault(`invalid chmod parameter: '${chmod}'. it should be octal string and between 0 and 07777`);
}
