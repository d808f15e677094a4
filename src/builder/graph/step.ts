import type { ContainerConfig } from '../../image/index.js';
import type { DeviceRequest, GitUrl, Instruction, Mount } from '../../parser/index.js';
import type { InputSource } from './graph.js';

/**
 * One instruction with every variable replaced. What a step does to files is left to those who run it; what it does to the
 * configuration is done already: `before` and `after`.
 */
export type Step = RunStep | CopyStep | AddStep | WorkdirStep | VolumeStep | ConfigStep;

interface StepBase {
  readonly instruction: Instruction;
  /** As progress lines show it. */
  readonly display: string;
  /** Its line in the image's history; undefined: it has none. */
  readonly createdBy: string | undefined;
  /** True for an ONBUILD trigger of the base. */
  readonly triggered: boolean;
  readonly before: ContainerConfig;
  readonly after: ContainerConfig;
}

/** ENV, LABEL, CMD, ...: only the configuration changes, or, for ARG, nothing an image keeps. */
export interface ConfigStep extends StepBase {
  readonly kind: 'config';
}

export interface RunStep extends StepBase {
  readonly kind: 'run';
  /** Program and arguments, the shell included. */
  readonly argv: readonly string[];
  /** `NAME=value` of the image. */
  readonly env: readonly string[];
  /** ARGs in scope that `env` does not shadow, sorted by name. */
  readonly args: readonly (readonly [string, string])[];
  /** Proxy variables of the build: seen by the command, no part of what it is. */
  readonly proxies: readonly (readonly [string, string])[];
  /** Absolute. */
  readonly workingDirectory: string;
  /** As USER has it; empty: root. */
  readonly user: string;
  readonly mounts: readonly RunMount[];
  /** A heredoc that begins with `#!`, to be shown read-only to the command. */
  readonly script: ScriptFile | undefined;
  readonly network: 'default' | 'none' | 'host';
  readonly security: 'sandbox' | 'insecure';
  readonly devices: readonly DeviceRequest[];
}

export interface RunMount {
  /** Its target is absolute. */
  readonly mount: Mount;
  /** What bind and cache mounts read from; `undefined` for the other types and for a cache that begins empty. */
  readonly source: InputSource | undefined;
}

export interface ScriptFile {
  /** Absolute. */
  readonly path: string;
  readonly content: string;
  readonly modeBits: number;
}

export type StepSource =
  /** Relative to the root of what the step reads from; may hold wildcards. */
  | { readonly kind: 'path'; readonly path: string }
  /** A file given in the Containerfile: mode 0644 unless `chmod` says otherwise. */
  | { readonly kind: 'text'; readonly name: string; readonly content: string }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'git'; readonly url: GitUrl };

interface CopyStepBase extends StepBase {
  readonly sources: readonly StepSource[];
  /** Absolute and cleaned; ends in `/` when it is meant as a directory. */
  readonly destination: string;
  /** `user[:group]`, names or numbers. */
  readonly chown: string | undefined;
  /** Octal digits, or symbolic as chmod(1) has it. */
  readonly chmod: string | undefined;
  readonly link: boolean;
  /** Patterns relative to each source. */
  readonly exclude: readonly string[];
}

export interface CopyStep extends CopyStepBase {
  readonly kind: 'copy';
  readonly from: InputSource;
  readonly parents: boolean;
}

export interface AddStep extends CopyStepBase {
  readonly kind: 'add';
  readonly checksum: string | undefined;
  readonly keepGitDir: boolean | undefined;
  /** `undefined`: local archives are unpacked, remote ones are not. */
  readonly unpack: boolean | undefined;
}

export interface WorkdirStep extends StepBase {
  readonly kind: 'workdir';
  /** Absolute and cleaned; made if missing, 0755, owned by `user`. */
  readonly path: string;
  readonly user: string;
}

export interface VolumeStep extends StepBase {
  readonly kind: 'volume';
  /** Absolute and cleaned; made if missing, links followed inside the root. */
  readonly paths: readonly string[];
}
