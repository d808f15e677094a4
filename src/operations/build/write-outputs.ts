import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { RootState } from '../../builder/steps/index.js';
import { UsageError } from '../../errors.js';
import { type Descriptor, formatPlatform, type Platform } from '../../image/index.js';
import type { TransportName } from '../../transports/index.js';
import type { Services } from '../context.js';
import { resolveDestination } from '../push.js';
import type { RegistryAccess } from '../registry-access.js';
import type { BuildOutput, OutputCompression } from './build-output.js';
import { writeDockerList } from './docker-list.js';
import { exportImage } from './export-image.js';
import { besides, exportDirectory, exportTar, type RootExport, removeOthers, streamFile, writeTar } from './export-root.js';
import type { BuildWorkspace } from './shared-workspace.js';

export interface FinishedBuild {
  /** Finished; not in the store's index yet. */
  readonly descriptor: Descriptor;
  /** One for each platform. */
  readonly roots: readonly { readonly root: RootState; readonly platform: Platform }[];
  /** Full names the image gets. */
  readonly names: readonly string[];
  /** Seconds since 1970: the time of everything that is written; undefined: each file's own. */
  readonly timeSeconds: number | undefined;
  readonly access: RegistryAccess;
  /** Where an output goes that asks for standard output. */
  readonly standardOutput: (bytes: Uint8Array) => void;
}

/** Writes what `--output` and names with a transport ask for, one after the other. */
export async function writeOutputs(
  outputs: readonly BuildOutput[],
  destinations: readonly TransportName[],
  build: FinishedBuild,
  workspace: BuildWorkspace,
  services: Services,
): Promise<void> {
  const writer = new OutputWriter(build, workspace, services);
  for (const output of outputs) await writer.write(output);
  for (const destination of destinations) await writer.send(destination, { force: false });
}

class OutputWriter {
  constructor(
    readonly build: FinishedBuild,
    readonly workspace: BuildWorkspace,
    readonly services: Services,
  ) {}

  async write(output: BuildOutput): Promise<void> {
    switch (output.kind) {
      case 'local':
        return this.#local(output);
      case 'tar': {
        const whole = this.#rootExport(this.build.roots[0]!.root);
        if (output.file !== undefined) return exportTar(output.file, whole);
        return this.#throughFile((file) => writeTar(file, whole));
      }
      case 'archive': {
        const { file } = output;
        const write = (path: string): Promise<void> => this.#archive(path, output);
        if (file === undefined) return this.#throughFile(write);
        // An archive cannot be added to: the new one takes the place of what was there.
        const temporary = besides(file);
        try {
          await write(temporary);
          renameSync(temporary, file);
        } finally {
          rmSync(temporary, { force: true });
        }
        return;
      }
      case 'layout':
        return this.#layout(output);
      case 'image':
        if (output.push !== false) await this.#push(output.names, output.compression, output.push === 'by-digest');
    }
  }

  /** Of several platforms each has a directory of its own, as with BuildKit: `linux_arm64`. */
  async #local({ directory, deleteOthers, platformSplit }: BuildOutput & { readonly kind: 'local' }): Promise<void> {
    const { roots } = this.build;
    const keepOwners = this.services.settings.idMode === 'root';
    const isSplit = platformSplit ?? roots.length > 1;
    const names = roots.map(({ platform }) => formatPlatform(platform).replaceAll('/', '_'));
    for (const [at, { root }] of roots.entries()) {
      const own = isSplit ? join(directory, names[at]!) : directory;
      await exportDirectory(own, { keepOwners, deleteOthers }, this.#rootExport(root));
    }
    if (isSplit && deleteOthers) removeOthers(directory, names);
  }

  /**
   * As BuildKit has it, the directory of Docker's format is a layout too, with the list that `docker load` looks for. Its layers are gzip, which every
   * Docker reads, unless something else was asked for.
   */
  async #layout({ directory, format, name, compression }: BuildOutput & { readonly kind: 'layout' }): Promise<void> {
    const { reference } = this.#reference(name);
    const chosen: OutputCompression =
      format === 'docker' && compression.compression === undefined ? { ...compression, compression: 'gzip', force: true } : compression;
    const written = await this.send({ kind: 'oci', path: directory, ...this.#reference(name) }, chosen, 'oci');
    if (format === 'docker') writeDockerList(directory, written, reference);
  }

  async send(destination: TransportName, compression: OutputCompression, format?: 'oci' | 'docker'): Promise<Descriptor> {
    const { descriptor, access } = this.build;
    const { store, remote } = this.workspace;
    const { transport, insecure } = await resolveDestination(destination, access);
    return exportImage(transport, { descriptor, store, remote, access, compression, format, insecure }, this.services);
  }

  async #push(names: readonly string[], compression: OutputCompression, byDigest: boolean): Promise<void> {
    const targets = names.length > 0 ? names : this.build.names;
    if (targets.length === 0) throw new UsageError('a name is needed when pushing to a registry', { hint: 'Give name= or --tag' });
    for (const reference of targets) await this.send({ kind: 'docker', reference, ...(byDigest ? { byDigest } : {}) }, compression);
  }

  async #archive(path: string, { format, name, compression }: BuildOutput & { readonly kind: 'archive' }): Promise<void> {
    const kind = format === 'oci' ? 'oci-archive' : 'docker-archive';
    await this.send({ kind, path, ...this.#reference(name) }, compression, format);
  }

  /** The name inside an archive: the one given, else the image's first. */
  #reference(name: string | undefined): { reference?: string } {
    const reference = name ?? this.build.names[0];
    return reference === undefined ? {} : { reference };
  }

  async #throughFile(write: (file: string) => Promise<void>): Promise<void> {
    const file = join(await this.workspace.store.scratch.dir(), 'output');
    await write(file);
    await streamFile(file, this.build.standardOutput);
    rmSync(file, { force: true });
  }

  #rootExport(root: RootState): RootExport {
    const { timeSeconds } = this.build;
    return { root, snapshots: this.workspace.snapshots, timeSeconds, signal: this.services.signal };
  }
}
