import type { RemoteSources, RemoteSourcesOptions } from './remote-sources.js';

/** {@link RemoteSources}, loaded when something comes from elsewhere: most builds fetch nothing. */
export interface LateSources {
  open(): Promise<RemoteSources>;
  close(): Promise<void>;
}

export function remoteSources(options: RemoteSourcesOptions): LateSources {
  let opened: Promise<RemoteSources> | undefined;
  return {
    open() {
      opened ??= import('./remote-sources.js').then(({ RemoteSources }) => new RemoteSources(options));
      return opened;
    },
    async close() {
      await (await opened)?.close();
    },
  };
}
