import type { DemandedSignatures, SignedBy } from '../../config/index.js';
import { TsbuildError } from '../../errors.js';
import { type Digest, digestOf, type ImageReference, parseManifestDocument } from '../../image/index.js';
import type { ImageSource, RawManifest } from '../../transports/index.js';
import type { Services } from '../context.js';
import { SignatureRejectedError } from './errors.js';
import { type GpgSurroundings, openMessage, withKeyring } from './gpg.js';
import { LookasideSignatures } from './lookaside-signatures.js';
import { parseClaim } from './signature-payload.js';
import { matchesIdentity } from './signed-identity.js';

/** An image whose signatures are demanded. */
export interface SignedImage {
  /** For people. */
  readonly name: string;
  /** What it is asked for as; undefined: it has no name that could be signed. */
  readonly asked: ImageReference | undefined;
  /** What it is called at the registry, or mirror, that it comes from; undefined: it does not come from one. */
  readonly actual: ImageReference | undefined;
  /** Of a list nothing but the list itself will be read: it has to be signed. */
  readonly listAlone: boolean;
}

/**
 * `source`, whose manifests are given out only if they are signed as the policy demands. Of a list, either the list is signed, and with it what
 * it lists, or each image is that is read; the list itself can be seen then, since all it does is to choose among images that are signed.
 *
 * What is thrown instead of a manifest: {SignatureRejectedError} no signature will do; {GpgError} gpg or the keys are not there
 */
export async function signedSource(
  source: ImageSource,
  image: SignedImage,
  demanded: DemandedSignatures,
  services: Services,
): Promise<ImageSource> {
  const signatures = await signaturesOf(source, image, services);
  /** Images of lists that are signed. */
  const covered = new Set<Digest>();
  return {
    ...source,
    async readManifest(digest, waiting) {
      const manifest = await source.readManifest(digest, waiting);
      if (digest !== undefined && covered.has(digest)) return manifest;
      const entries = entriesOf(manifest, source);
      const rejection = await rejectionOf(manifest, digest, signatures, image, demanded, services);
      if (rejection === undefined) for (const entry of entries ?? []) covered.add(entry);
      else if (digest !== undefined || entries === undefined || image.listAlone) throw rejection;
      return manifest;
    },
  };
}

/** What a list lists; undefined: it is the manifest of one image. */
function entriesOf({ bytes, mediaType }: RawManifest, source: ImageSource): readonly Digest[] | undefined {
  const declaredType = mediaType === '' ? undefined : mediaType;
  const document = parseManifestDocument(bytes, { subject: `manifest of ${source.description}`, declaredType });
  return document.kind === 'index' ? document.index.manifests.map(({ digest }) => digest) : undefined;
}

interface Signatures {
  /** For messages. */
  readonly describe: (digest: Digest) => string;
  readonly read: (digest: Digest, instance: Digest | undefined) => Promise<readonly Uint8Array[]>;
}

async function signaturesOf(source: ImageSource, { actual }: SignedImage, services: Services): Promise<Signatures> {
  if (actual !== undefined) {
    const lookaside = await LookasideSignatures.open(actual, 'read', services);
    return { describe: (digest) => lookaside.describe(digest), read: (digest) => lookaside.read(digest) };
  }
  return { describe: () => source.description, read: async (_digest, instance) => (await source.readSignatures?.(instance)) ?? [] };
}

/** Undefined: each demand is met by one signature. */
async function rejectionOf(
  { bytes }: RawManifest,
  instance: Digest | undefined,
  signatures: Signatures,
  image: SignedImage,
  { demands, policyFile, scope }: DemandedSignatures,
  { settings, signal }: Services,
): Promise<SignatureRejectedError | undefined> {
  const digest = digestOf(bytes);
  const found = await signatures.read(digest, instance);
  const surroundings = { environment: settings.environment, tempDir: settings.tmpDir, signal };
  for (const demand of demands) {
    const reasons: string[] = [];
    const isMet = found.length > 0 && (await isSigned(digest, found, demand, image.asked, surroundings, reasons));
    if (!isMet) return new SignatureRejectedError(image.name, policyFile, scope, signatures.describe(digest), reasons);
  }
  return undefined;
}

function isSigned(
  digest: Digest,
  signatures: readonly Uint8Array[],
  { keys, identity }: SignedBy,
  asked: ImageReference | undefined,
  surroundings: GpgSurroundings,
  reasons: string[],
): Promise<boolean> {
  return withKeyring(keys, surroundings, async (home) => {
    for (const [position, signature] of signatures.entries()) {
      const opened = await openMessage(signature, home, surroundings);
      const reason = opened === undefined ? 'is not of a key that the policy trusts' : flawOf(opened.content, digest, identity, asked);
      if (reason === undefined) return true;
      reasons.push(`signature ${position + 1} ${reason}`);
    }
    return false;
  });
}

/** @param content of a message that was verified */
function flawOf(
  content: Uint8Array,
  digest: Digest,
  identity: SignedBy['identity'],
  asked: ImageReference | undefined,
): string | undefined {
  try {
    const { reference, manifestDigest } = parseClaim(content);
    if (manifestDigest !== digest) return `is for another image, ${manifestDigest}`;
    return matchesIdentity(identity, asked, reference) ? undefined : `is for the image ${JSON.stringify(reference.slice(0, 300))}`;
  } catch (error) {
    if (error instanceof TsbuildError) return `is none of an image: ${error.message}`;
    throw error;
  }
}
