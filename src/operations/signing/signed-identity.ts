import type { SignedIdentity } from '../../config/index.js';
import { formatReference, type ImageReference, parseReference, ReferenceSyntaxError } from '../../image/index.js';

/**
 * Whether a signature for the image `signed` is one for the image that was asked for.
 *
 * @param asked  its full name, with tag or digest; undefined: it has none, being in a directory, and only fixed names can be meant
 * @param signed as the signature has it
 * @see https://github.com/containers/image/blob/main/docs/containers-policy.json.5.md#signedby
 */
export function matchesIdentity(identity: SignedIdentity, asked: ImageReference | undefined, signed: string): boolean {
  const claimed = referenceOf(signed);
  if (claimed === undefined) return false;
  switch (identity.type) {
    case 'exactReference': {
      const wanted = referenceOf(identity.reference);
      return wanted !== undefined && isSameImage(wanted, claimed);
    }
    case 'exactRepository': {
      const wanted = referenceOf(identity.repository);
      return wanted !== undefined && isSameRepository(wanted, claimed);
    }
    default:
      return asked !== undefined && matchesAsked(identity, asked, claimed);
  }
}

type Relative = Exclude<SignedIdentity, { readonly type: 'exactReference' | 'exactRepository' }>;

function matchesAsked(identity: Relative, asked: ImageReference, claimed: ImageReference): boolean {
  switch (identity.type) {
    case 'matchExact':
      return isSameImage(asked, claimed);
    case 'matchRepository':
      return isSameRepository(asked, claimed);
    case 'matchRepoDigestOrExact':
      return matchesRepoDigestOrExact(asked, claimed);
    case 'remapIdentity': {
      const remapped = remap(asked, identity.prefix, identity.signedPrefix);
      return remapped !== undefined && matchesRepoDigestOrExact(remapped, claimed);
    }
  }
}

/** Under a digest the bytes are fixed, so any tag of the repository will do. */
function matchesRepoDigestOrExact(asked: ImageReference, claimed: ImageReference): boolean {
  if (isNameOnly(claimed)) return false;
  return asked.digest !== undefined ? isSameRepository(asked, claimed) : isSameImage(asked, claimed);
}

function isSameImage(one: ImageReference, other: ImageReference): boolean {
  return !isNameOnly(one) && !isNameOnly(other) && formatReference(one) === formatReference(other);
}

function isSameRepository(one: ImageReference, other: ImageReference): boolean {
  return nameOf(one) === nameOf(other);
}

function isNameOnly({ tag, digest }: ImageReference): boolean {
  return tag === undefined && digest === undefined;
}

function nameOf({ registry, repository }: ImageReference): string {
  return formatReference({ registry, repository });
}

/** The image of the other name: what is signed is the original, and it is asked for at a copy. Outside the prefix nothing changes. */
function remap(asked: ImageReference, prefix: string, signedPrefix: string): ImageReference | undefined {
  const name = nameOf(asked);
  if (name !== prefix && !name.startsWith(`${prefix}/`)) return asked;
  return referenceOf(`${signedPrefix}${formatReference(asked).slice(prefix.length)}`);
}

function referenceOf(text: string): ImageReference | undefined {
  try {
    return parseReference(text);
  } catch (error) {
    if (error instanceof ReferenceSyntaxError) return undefined;
    throw error;
  }
}
