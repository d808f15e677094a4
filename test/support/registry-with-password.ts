import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withDockerRegistry } from './docker-registry.js';
import { type TestStore, withTestStore } from './tsbuild.js';

/** Who may use the registry. A colon and blanks are what `user:password` and command lines may stumble over. */
export const ADA = { name: 'ada', password: 'pass:word with blanks' };

export interface RegistryWithPassword {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** With an image `app`, to push it there. */
  readonly store: TestStore;
  /** Where a file of credentials may be made; its directories are not there either. */
  readonly authFile: string;
  /** For `--cert-dir`. */
  readonly certDir: string;
}

/** A registry behind TLS that only {@link ADA} may use, and a store. Skips the test where a program that this takes is missing. */
export async function withPasswordedRegistry(body: (place: RegistryWithPassword) => Promise<void>): Promise<void> {
  await withDockerRegistry({ tls: true, user: ADA }, ({ host, ca }) =>
    withTestStore(async (store) => {
      const certDir = join(store.directory, 'certs');
      mkdirSync(certDir);
      writeFileSync(join(certDir, 'authority.crt'), ca);
      writeFileSync(join(store.directory, 'Containerfile'), 'FROM scratch\nLABEL a=b\n');
      await store.ok(['bud', '-q', '-t', 'app', store.directory]);
      await body({ host, store, authFile: join(store.directory, 'new/own/auth.json'), certDir });
    }),
  );
}
