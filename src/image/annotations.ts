/** Annotation keys that tsbuild reads or writes. @see https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md */

/** The name of an entry of a layout's index.json; nowhere else. */
export const ANNOTATION_REF_NAME = 'org.opencontainers.image.ref.name';
/** RFC 3339. */
export const ANNOTATION_CREATED = 'org.opencontainers.image.created';
export const ANNOTATION_BASE_DIGEST = 'org.opencontainers.image.base.digest';
export const ANNOTATION_BASE_NAME = 'org.opencontainers.image.base.name';
/** The records of a build cache, as a JSON document, in the manifest of the image they led to. */
export const ANNOTATION_INLINE_CACHE = 'io.tsbuild.cache';
/** containerd's full image name in a layout's index.json; set beside ref.name so that `ctr` and Docker find the name. */
export const ANNOTATION_CONTAINERD_NAME = 'io.containerd.image.name';
/** Of an entry of an index: its image has zstd layers, beside one for the same platform that has not. */
export const ANNOTATION_ZSTD_INSTANCE = 'io.github.containers.compression.zstd';
