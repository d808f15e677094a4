import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readImage } from '../differential/outcome.js';
import { project, type Run } from '../support/tsbuild.js';
import type { Flow } from './flow.js';

/** A builder that flows call. */
export interface Builder {
  /** What `$B` is, split at blanks by the shell. */
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
  /** Starts a program as the user the flow is for. */
  readonly start: (argv: readonly string[], options: { cwd: string; env: Readonly<Record<string, string | undefined>> }) => Promise<Run>;
  readonly isRoot: boolean;
}

export interface Surroundings {
  /** Empty; the flow's own, and its user may write to it. */
  readonly directory: string;
  /** `HOST:PORT` of a registry without TLS. */
  readonly registry: string;
}

const LIB = join(project, 'test/flows/lib.sh');

/**
 * Runs a flow to its end.
 *
 * @returns lines to compare: exit status, what it printed, and its images; what differs between two runs is named instead of shown
 */
export async function runFlow(flow: Flow, builder: Builder, { directory, registry }: Surroundings): Promise<readonly string[]> {
  const work = join(directory, 'work');
  for (const path of [work, join(directory, 'home'), join(directory, 'tmp')]) mkdirSync(path, { recursive: true });
  const env = {
    B: builder.command,
    REGISTRY: registry,
    HOME: join(directory, 'home'),
    TMPDIR: join(directory, 'tmp'),
    REGISTRY_AUTH_FILE: undefined,
    XDG_RUNTIME_DIR: undefined,
    BUILDAH_ISOLATION: 'chroot',
    LC_ALL: 'C',
    ...builder.env,
  };
  const script = ['sh', '-c', '. "$0"; . "$1"', LIB, flow.path];
  const unshared = flow.unshared && !builder.isRoot ? [...builder.command.split(' '), 'unshare', ...script] : script;
  // What root mounts is gone with the flow, however it ends.
  const argv = builder.isRoot ? ['unshare', '--mount', '--propagation', 'private', ...unshared] : unshared;
  const { status, stdout, stderr } = await builder.start(argv, { cwd: work, env });
  if (process.env.FLOW_SHOWS !== undefined) process.stderr.write(`${flow.name}: ${stderr}\n`);
  const lines = [`status ${status}`, ...stdout.replace(/\n$/, '').split('\n')];
  for (const { name, contentOnly } of flow.images) {
    const all = await imageLines(name, builder, directory, env);
    lines.push(...all.filter((line) => !contentOnly || !HOW_IT_CAME.test(line)));
  }
  return normalise(lines, directory, registry);
}

const HOW_IT_CAME = /^image \S+: (?:annotations|layers|history) /;

async function imageLines(
  name: string,
  { command, start }: Builder,
  directory: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly string[]> {
  const target = join(directory, 'tmp', `image-${name.replaceAll(/[^a-z0-9]/g, '-')}`);
  const pushed = await start([...command.split(' '), 'push', '--quiet', name, `dir:${target}`], { cwd: directory, env });
  if (pushed.status !== 0 || !existsSync(join(target, 'manifest.json'))) return [`image ${name}: cannot be pushed: ${pushed.stderr}`];
  const file = (digest: string) => join(target, digest.slice('sha256:'.length));
  const manifest = JSON.parse(readFileSync(join(target, 'manifest.json'), 'utf8')) as Manifest;
  const document = JSON.parse(readFileSync(file(manifest.config.digest), 'utf8')) as Document;
  const { tree, config } = await readImage(
    document,
    manifest.layers.map(({ digest }) => file(digest)),
    true,
  );
  const said = {
    type: manifest.mediaType ?? 'application/vnd.oci.image.manifest.v1+json',
    annotations: sorted(withoutCreated(manifest.annotations ?? {})),
    layers: manifest.layers.length,
    platform: `${document.os}/${document.architecture}${document.variant === undefined ? '' : `/${document.variant}`}`,
    ...config,
  };
  const fields = Object.entries(said).map(
    ([key, value]) => `image ${name}: ${key} ${JSON.stringify(isObject(value) ? sorted(value) : value)}`,
  );
  const history = (document.history ?? []).map(
    ({ created_by = '', comment = '', author = '', empty_layer: empty }) =>
      `image ${name}: history ${empty === true ? '(empty) ' : ''}${created_by}${comment === '' ? '' : ` # ${comment}`}${author === '' ? '' : ` by ${author}`}`,
  );
  return [...fields, ...history, ...tree.map((line) => `image ${name}: ${line}`)];
}

interface Manifest {
  readonly mediaType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string }[];
}

interface Document {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly author?: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly history?: readonly {
    readonly created_by?: string;
    readonly comment?: string;
    readonly author?: string;
    readonly empty_layer?: boolean;
  }[];
}

/** Buildah 1.28 does not have it; later ones do. */
function withoutCreated({ 'org.opencontainers.image.created': _, ...others }: Readonly<Record<string, unknown>>) {
  return others;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sorted(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Names of builders, directories, times and digests, by which two runs of one flow always differ; equal digests stay equal. */
function normalise(lines: readonly string[], directory: string, registry: string): string[] {
  const known: string[] = [];
  const nameOf = (digits: string): string => {
    const at = known.findIndex((id) => id.startsWith(digits) || digits.startsWith(id));
    const number = at === -1 ? known.push(digits) : at + 1;
    return digits.length === 64 ? `<id ${number}>` : `<short ${number}>`;
  };
  return lines.map((line) =>
    line
      // Overlay's own notes, which Buildah 1.28 takes along for ordinary users.
      .replaceAll(/ \{user\.overlay\.[^}]*\}/g, '')
      .replaceAll(directory, '<directory>')
      .replaceAll(registry, '<registry>')
      .replaceAll(/\b(?:[0-9a-f]{64}|[0-9a-f]{12})\b/g, nameOf)
      .replaceAll(/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| [+-]\d{4} UTC)?/g, (time) => (time.startsWith('1970') ? time : '<time>')),
  );
}
