import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import { randomName } from '../sys/index.js';

/** A tar on its way to `path`: members in the order of the calls, and the file appears when all is in it. */
export interface TarFile {
  /** @param size bytes that `content` will have */
  addFile(name: string, content: AsyncIterable<Uint8Array>, size: number): Promise<void>;
  addBytes(name: string, content: Uint8Array | string): Promise<void>;
  addDirectory(name: string): Promise<void>;
  addLink(name: string, target: string): Promise<void>;
  commit(): Promise<void>;
  /** Without a commit() before, nothing is left. */
  close(): Promise<void>;
}

// Equal images give equal archives: no times, owners or names of this machine.
const MTIME = new Date(0);

export function createTarFile(path: string, options: { readonly fileMode: number }): TarFile {
  const temporary = `${path}.${randomName(4)}.tmp`;
  const archive = pack();
  let failure: Error | undefined;
  const written = pipeline(archive, createWriteStream(temporary, { flags: 'wx' })).catch((error: Error) => {
    failure = error;
    archive.destroy(error);
  });
  let state: 'open' | 'committed' | 'closed' = 'open';
  const mode = options.fileMode;
  const check = (): void => {
    if (failure !== undefined) throw failure;
  };
  const add = async (
    header: { name: string; type: 'file' | 'directory' | 'symlink'; mode: number; linkname?: string },
    content?: Uint8Array | string,
  ): Promise<void> => {
    check();
    await Promise.race([
      written.then(check),
      new Promise<void>((resolve, reject) => {
        const done = (error: Error | null): void => (error ? reject(error) : resolve());
        if (content === undefined) archive.entry({ ...header, mtime: MTIME }, done);
        else archive.entry({ ...header, mtime: MTIME }, content, done);
      }),
    ]);
  };
  return {
    async addFile(name, content, size) {
      check();
      let finish: (error: Error | null) => void = () => undefined;
      const finished = new Promise<void>((resolve, reject) => {
        finish = (error) => (error ? reject(error) : resolve());
      });
      finished.catch(() => undefined);
      const entry = archive.entry({ name, type: 'file', mode, size, mtime: MTIME }, (error) => finish(error));
      entry.on('error', (error) => finish(error));
      for await (const chunk of content) {
        if (!entry.write(chunk))
          await Promise.race([new Promise<void>((resolve) => entry.once('drain', resolve)), written.then(check), finished]);
      }
      entry.end();
      await Promise.race([finished, written.then(check)]);
    },
    addBytes: (name, content) => add({ name, type: 'file', mode }, content),
    addDirectory: (name) => add({ name: `${name}/`, type: 'directory', mode: 0o755 }),
    addLink: (name, target) => add({ name, type: 'symlink', mode: 0o777, linkname: target }),
    async commit() {
      archive.finalize();
      await written;
      check();
      await rename(temporary, path);
      state = 'committed';
    },
    async close() {
      if (state !== 'open') return;
      state = 'closed';
      archive.destroy();
      await written;
      // Whoever closes without a commit has a failure to tell, and that one is not it.
      await rm(temporary, { force: true }).catch(() => undefined);
    },
  };
}
