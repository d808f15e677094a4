import type { FuzzTarget } from './target.js';
import { containerfile } from './targets/containerfile.js';
import { ignoreFile } from './targets/ignore-file.js';
import { imageConfig } from './targets/image-config.js';
import { manifest } from './targets/manifest.js';
import { reference } from './targets/reference.js';
import { seccompProfile } from './targets/seccomp-profile.js';

/** Every target in TypeScript; those of the native part are in fuzz/native. */
export const TARGETS: readonly FuzzTarget[] = [reference, manifest, imageConfig, ignoreFile, seccompProfile, containerfile];
