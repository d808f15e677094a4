import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type ImageSpecKind, imageSpecErrors } from './image-spec-schema.js';
import { run } from './tsbuild.js';

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface ReadManifest {
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface ReadConfig {
  readonly config?: {
    readonly User?: string;
    readonly Env?: readonly string[];
    readonly Entrypoint?: readonly string[];
    readonly Cmd?: readonly string[];
    readonly WorkingDir?: string;
    readonly ExposedPorts?: Readonly<Record<string, object>>;
    readonly Labels?: Readonly<Record<string, string>>;
    readonly Healthcheck?: { readonly Test?: readonly string[]; readonly Interval?: number; readonly Timeout?: number };
  };
  readonly rootfs: { readonly diff_ids: readonly string[] };
  readonly history?: readonly { readonly created_by?: string; readonly empty_layer?: boolean }[];
}

export interface ReadImage {
  /** Hexadecimal digits. */
  readonly id: string;
  readonly manifest: ReadManifest;
  readonly config: ReadConfig;
}

/** An OCI image layout, read without any code of tsbuild. */
export class Layout {
  constructor(readonly root: string) {}

  blob(digest: string): string {
    return join(this.root, 'blobs', digest.replace(':', '/'));
  }

  /** @throws {Error} no image, or several, of that name */
  image(name: string): ReadImage {
    const index = JSON.parse(readFileSync(join(this.root, 'index.json'), 'utf8')) as { manifests: readonly Descriptor[] };
    const found = index.manifests.filter((entry) => entry.annotations?.['org.opencontainers.image.ref.name'] === name);
    if (found.length !== 1) throw new Error(`${this.root} has ${found.length} images named ${name}`);
    const manifest = JSON.parse(readFileSync(this.blob(found[0]!.digest), 'utf8')) as ReadManifest;
    const config = JSON.parse(readFileSync(this.blob(manifest.config.digest), 'utf8')) as ReadConfig;
    return { id: manifest.config.digest.replace('sha256:', ''), manifest, config };
  }

  /** The entries of a layer as `tar --list --verbose --numeric-owner` shows them, by path without leading `./`. */
  list(layer: Descriptor): Map<string, { readonly mode: string; readonly owner: string }> {
    const listing = execFileSync(
      'sh',
      ['-c', `${unpacker(layer)} < "$0" | tar --list --verbose --numeric-owner`, this.blob(layer.digest)],
      {
        maxBuffer: 64 << 20,
      },
    );
    const lines = listing.toString().split('\n').filter(Boolean);
    return new Map(
      lines.map((line) => {
        // -rw-r----- 0/42  501 2026-11-22 04:03 etc/shadow
        const [, mode = '', owner = '', path = ''] = /^(\S+) +(\S+) +\S+ +\S+ +\S+ (.*)$/.exec(line) ?? [];
        return [path.replace(/^\.\//, '').replace(/ -> .*$| link to .*$/, ''), { mode, owner }];
      }),
    );
  }

  /** The last content that `path` has in the image's layers. */
  read(image: ReadImage, path: string): Buffer {
    const layer = image.manifest.layers.findLast((candidate) => this.list(candidate).has(path));
    if (layer === undefined) throw new Error(`no layer has ${path}`);
    return execFileSync('sh', ['-c', `${unpacker(layer)} < "$0" | tar --extract --to-stdout "$1"`, this.blob(layer.digest), path], {
      maxBuffer: 256 << 20,
    });
  }

  /**
   * Everything the layout breaks: rules of the specification, digests and sizes of blobs, diff IDs, the count of layers in the history.
   * Empty when all is well.
   */
  async problems(): Promise<string[]> {
    const problems: string[] = [];
    const check = (kind: ImageSpecKind, value: unknown, subject: string) =>
      problems.push(...imageSpecErrors(kind, value).map((error) => `${subject}: ${error}`));
    check('layout', this.#json('oci-layout'), 'oci-layout');
    const index = this.#json('index.json') as { manifests: readonly Descriptor[] };
    check('index', index, 'index.json');
    for (const descriptor of index.manifests) {
      problems.push(...(await this.#blobProblems(descriptor)));
      const manifest = JSON.parse(readFileSync(this.blob(descriptor.digest), 'utf8')) as ReadManifest;
      const isDocker = descriptor.mediaType.includes('docker');
      check(isDocker ? 'dockerManifest' : 'manifest', manifest, `manifest ${descriptor.digest}`);
      if (manifest.mediaType !== descriptor.mediaType)
        problems.push(`manifest ${descriptor.digest}: it is listed as ${descriptor.mediaType}`);
      problems.push(...(await this.#imageProblems(manifest)));
    }
    return problems;
  }

  async #imageProblems(manifest: ReadManifest): Promise<string[]> {
    const problems = await this.#blobProblems(manifest.config);
    const config = JSON.parse(readFileSync(this.blob(manifest.config.digest), 'utf8')) as ReadConfig;
    const subject = `config ${manifest.config.digest}`;
    const kind = manifest.config.mediaType.includes('docker') ? 'dockerConfig' : 'config';
    problems.push(...imageSpecErrors(kind, config).map((error) => `${subject}: ${error}`));
    const { diff_ids: diffIds } = config.rootfs;
    if (diffIds.length !== manifest.layers.length)
      problems.push(`${subject}: ${diffIds.length} diff IDs, ${manifest.layers.length} layers`);
    const withLayer = config.history?.filter((entry) => entry.empty_layer !== true).length;
    if (withLayer !== undefined && withLayer !== diffIds.length)
      problems.push(`${subject}: the history has ${withLayer} layers, there are ${diffIds.length}`);
    for (const [position, layer] of manifest.layers.entries()) {
      problems.push(...(await this.#blobProblems(layer)));
      const { stdout } = await run(['sh', '-c', `${unpacker(layer)} < "$0" | sha256sum`, this.blob(layer.digest)]);
      if (`sha256:${stdout.slice(0, 64)}` !== diffIds[position])
        problems.push(`layer ${layer.digest}: its diff ID is ${stdout.slice(0, 64)}`);
    }
    return problems;
  }

  async #blobProblems({ digest, size }: Descriptor): Promise<string[]> {
    const actual = statSync(this.blob(digest)).size;
    if (actual !== size) return [`blob ${digest}: ${actual} bytes, its descriptor says ${size}`];
    const hash = createHash('sha256');
    await pipeline(createReadStream(this.blob(digest)), hash);
    const found = hash.digest('hex');
    return digest === `sha256:${found}` ? [] : [`blob ${digest}: its content has the digest ${found}`];
  }

  #json(name: string): unknown {
    return JSON.parse(readFileSync(join(this.root, name), 'utf8'));
  }
}

function unpacker({ mediaType }: Descriptor): string {
  if (mediaType.endsWith('zstd')) return 'zstd -dc';
  return mediaType.endsWith('gzip') ? 'gzip -dc' : 'cat';
}
