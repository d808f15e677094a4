import { flattenLayers, linesOfTree } from '../support/layer-files.js';
import type { BuiltImage } from './case.js';
import { FIRST_MTIME_SECONDS } from './make-context.js';

/** What is compared of an image's configuration: what a runtime or a child image sees. */
const FIELDS = [
  'Cmd',
  'Entrypoint',
  'Env',
  'ExposedPorts',
  'Healthcheck',
  'Labels',
  'OnBuild',
  'Shell',
  'StopSignal',
  'User',
  'Volumes',
  'WorkingDir',
] as const;

interface ImageDocument {
  readonly author?: string;
  readonly config?: Readonly<Record<string, unknown>>;
}

/** The base of cases with a RUN, and the mount points that Buildah 1.28 leaves in the layers of one. */
const OF_BASE = /^((bin|dev|proc|sys|run)(\/.*)?|etc(\/(hosts|hostname|resolv\.conf|group|passwd))?|home|root|tmp|usr|var(\/tmp)?)$/;

/**
 * An image in the form in which both builders' are compared.
 *
 * @param layers files, the lowest first
 * @param onBase whether it stands on busybox, which is left out
 */
export async function readImage(document: ImageDocument, layers: readonly string[], onBase: boolean): Promise<BuiltImage> {
  const tree = await flattenLayers(layers);
  for (const path of [...tree.keys()]) if (path === '' || (onBase && OF_BASE.test(path))) tree.delete(path);
  return { tree: linesOfTree(tree, timeOf), config: configOf(document) };
}

const MAX_LINES = 1000;
/** Nothing in a context or an archive is younger. */
const NOW_SECONDS = 1_600_000_000;

/** `@N`: that of line N of the context; `now`: of this build. */
function timeOf(seconds: number): string {
  const line = seconds - FIRST_MTIME_SECONDS;
  if (line >= 0 && line < MAX_LINES) return `@${line}`;
  return seconds > NOW_SECONDS ? 'now' : String(seconds);
}

function configOf({ author, config = {} }: ImageDocument): BuiltImage['config'] {
  const kept: Record<string, unknown> = {};
  for (const field of FIELDS) {
    const value = field === 'Labels' ? withoutBuilder(config.Labels as Record<string, string> | undefined) : config[field];
    if (!isEmpty(value)) kept[field] = value;
  }
  if (author) kept.author = author;
  return kept;
}

/** Each builder says in a label who it is. */
function withoutBuilder(labels: Readonly<Record<string, string>> | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels ?? {}).filter(([name]) => name !== 'io.buildah.version' && name !== 'io.tsbuild.version'),
  );
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);
}
