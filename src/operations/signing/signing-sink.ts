import { readFileSync } from 'node:fs';
import { TsbuildError, UsageError } from '../../errors.js';
import { type Digest, digestOf, formatReference, parseReference, withDefaultTag } from '../../image/index.js';
import type { ImageSink, TransportName } from '../../transports/index.js';
import type { Services } from '../context.js';
import { versionInfo } from '../version.js';
import { SigningError } from './errors.js';
import { demandSecretKey, type GpgSurroundings, openMessage, signMessage } from './gpg.js';
import { LookasideSignatures } from './lookaside-signatures.js';
import { encodeClaim, parseClaim } from './signature-payload.js';

/** How the user wants an image signed that goes somewhere else. */
export interface SignOptions {
  /** Fingerprint of a secret key. */
  readonly signBy?: string | undefined;
  /** The name that is signed; left out: that of the destination. */
  readonly signIdentity?: string | undefined;
  /** File whose first line is the key's passphrase. */
  readonly signPassphraseFile?: string | undefined;
}

/** Where an image goes. */
export interface SignedDestination {
  /** As the user named it: the name that is signed. */
  readonly asked: TransportName;
  /** Where it is, after registries.conf. */
  readonly actual: TransportName;
}

/**
 * `sink`, with a signature of each manifest that is written: in the place that registries.d names, there before the manifest is, or with
 * the image where its transport keeps signatures. Key and place are tried before anything is sent.
 *
 * @throws {SigningError} {GpgError} {SettingsError}
 */
export async function signingSink(
  sink: ImageSink,
  { asked, actual }: SignedDestination,
  options: SignOptions & { readonly signBy: string },
  services: Services,
): Promise<ImageSink> {
  const { environment, tmpDir } = services.settings;
  const surroundings = { environment, tempDir: tmpDir, signal: services.signal };
  const passphrase = options.signPassphraseFile === undefined ? undefined : readPassphrase(options.signPassphraseFile);
  const key = { name: options.signBy, passphrase };
  const { writeSignature } = sink;
  const lookaside = actual.kind === 'docker' ? await lookasideOf(actual.reference, services) : undefined;
  if (lookaside === undefined && writeSignature === undefined)
    throw new SigningError(`Cannot sign ${sink.description}: signatures are kept beside registries and in dir: only`);
  const reference = options.signIdentity === undefined ? nameOf(asked, sink) : identityOf(options.signIdentity);
  await demandSecretKey(key, surroundings);
  lookaside?.prepare();
  const sign = (manifestDigest: Digest): Promise<Uint8Array> => {
    const claim = encodeClaim({ reference, manifestDigest }, `tsbuild ${versionInfo().version}`, Math.floor(Date.now() / 1000));
    return signMessage(claim, key, surroundings);
  };
  return {
    ...sink,
    async writeManifest(manifest, role, waiting) {
      const digest = digestOf(manifest.bytes);
      const signature = await sign(digest);
      // An image that can be seen is never without its signature.
      if (lookaside !== undefined) await keep(signature, digest, reference, lookaside, surroundings);
      await sink.writeManifest(manifest, role, waiting);
      await writeSignature?.(signature, manifest, role);
    },
  };
}

function lookasideOf(reference: string, services: Services): Promise<LookasideSignatures> {
  return LookasideSignatures.open(withDefaultTag(parseReference(reference)), 'write', services);
}

/** Beside what others signed; an earlier signature by the same key for the same name is replaced. */
async function keep(
  signature: Uint8Array,
  digest: Digest,
  reference: string,
  lookaside: LookasideSignatures,
  surroundings: GpgSurroundings,
): Promise<void> {
  const before = await lookaside.read(digest);
  const signer = before.length === 0 ? undefined : (await openMessage(signature, undefined, surroundings))?.signer;
  const others: Uint8Array[] = [];
  for (const other of before) if (!(await isBy(signer, other, reference, surroundings))) others.push(other);
  lookaside.write(digest, [...others, signature]);
}

async function isBy(signer: string | undefined, signature: Uint8Array, reference: string, surroundings: GpgSurroundings): Promise<boolean> {
  const opened = signer === undefined ? undefined : await openMessage(signature, undefined, surroundings);
  if (opened === undefined || opened.signer !== signer) return false;
  try {
    return parseClaim(opened.content).reference === reference;
  } catch (error) {
    // Something else than an image was signed: it is not ours to remove.
    if (error instanceof TsbuildError) return false;
    throw error;
  }
}

function nameOf(destination: TransportName, sink: ImageSink): string {
  if (destination.kind === 'docker') return formatReference(withDefaultTag(parseReference(destination.reference)));
  throw new SigningError(`Cannot determine canonical Docker reference for destination ${sink.description}`, {
    hint: 'Say which name is signed: tsbuild image copy --sign-by KEY --sign-identity HOST/NAME:TAG',
  });
}

/** A short name would be a promise about another image on each machine. */
function identityOf(text: string): string {
  const reference = parseReference(text);
  if (formatReference(reference) === text) return text;
  throw new UsageError(
    `Could not parse --sign-identity: repository name must be canonical, as ${formatReference(withDefaultTag(reference))}`,
  );
}

function readPassphrase(file: string): string {
  try {
    return readFileSync(file, 'utf8').split('\n')[0] ?? '';
  } catch (cause) {
    throw new SigningError(`Cannot read the passphrase: ${(cause as Error).message}`, { cause });
  }
}
