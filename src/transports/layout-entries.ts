import { ANNOTATION_CONTAINERD_NAME, ANNOTATION_REF_NAME, type Descriptor, encodeJson, type Index, OCI_INDEX } from '../image/index.js';

// https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md#oci-layout-file
export const OCI_LAYOUT_FILE = '{"imageLayoutVersion":"1.0.0"}';

/**
 * The entries of an index.json after an image was added, as skopeo leaves them: the name is taken from the entry that had it, which stays
 * without one; an unnamed entry of the same image is replaced.
 */
export function addLayoutEntry(
  entries: readonly Descriptor[],
  descriptor: Descriptor,
  reference: string | undefined,
): readonly Descriptor[] {
  const isSame = (entry: Descriptor): boolean => entry.digest === descriptor.digest && nameOf(entry) === undefined;
  const others = entries.map((entry) => (reference !== undefined && nameOf(entry) === reference ? withoutName(entry) : entry));
  // Both names, so that podman and containerd find it too.
  const added =
    reference === undefined
      ? descriptor
      : { ...descriptor, annotations: { [ANNOTATION_REF_NAME]: reference, [ANNOTATION_CONTAINERD_NAME]: reference } };
  return [...others.filter((entry) => !isSame(entry)), added];
}

export function encodeLayoutIndex(index: Partial<Index>, entries: readonly Descriptor[]): Uint8Array {
  return encodeJson({ schemaVersion: 2, mediaType: OCI_INDEX, ...index, manifests: entries });
}

function nameOf(entry: Descriptor): string | undefined {
  return entry.annotations?.[ANNOTATION_REF_NAME];
}

function withoutName({ annotations, ...entry }: Descriptor): Descriptor {
  const { [ANNOTATION_REF_NAME]: _, [ANNOTATION_CONTAINERD_NAME]: __, ...others } = annotations ?? {};
  return Object.keys(others).length === 0 ? entry : { ...entry, annotations: others };
}
