import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { demand } from './docker-registry.js';
import { run, runOk } from './tsbuild.js';

/** A home of gpg's with keys of its own. */
export class GpgHome {
  constructor(readonly path: string) {}

  get env(): { readonly GNUPGHOME: string } {
    return { GNUPGHOME: this.path };
  }

  async gpg(args: readonly string[], stdin?: string | Uint8Array): Promise<string> {
    return (await runOk(['gpg', '--batch', '--quiet', ...args], { env: this.env, ...(stdin === undefined ? {} : { stdin }) })).stdout;
  }

  /** @returns the fingerprint of a new key */
  async makeKey(name: string, passphrase = ''): Promise<string> {
    await this.gpg(['--pinentry-mode', 'loopback', '--passphrase', passphrase, '--quick-gen-key', name, 'ed25519', 'sign', 'never']);
    const listed = await this.gpg(['--list-keys', '--with-colons', name]);
    const fingerprint = /^fpr:+([0-9A-F]+):/m.exec(listed)?.[1];
    if (fingerprint === undefined) throw new Error(`gpg made no key: ${listed}`);
    return fingerprint;
  }

  /** A file with the public key. */
  async publicKey(name: string): Promise<string> {
    const file = join(this.path, `${name}.asc`);
    writeFileSync(file, await this.gpg(['--armor', '--export', name]));
    return file;
  }
}

/** Sockets of gpg's agent have short names only, so this is not below the test's own directory. */
export async function withGpgHome<T>(body: (home: GpgHome) => Promise<T>): Promise<T> {
  demand('gpg');
  const home = new GpgHome(mkdtempSync('/tmp/ts-gpg-'));
  try {
    return await body(home);
  } finally {
    await run(['gpgconf', '--kill', 'all'], { env: home.env });
    // An agent that was started in a namespace of its own ends when its home goes.
    await rm(home.path, { recursive: true, force: true });
  }
}
