import type { Heredoc } from './heredoc.js';
import type { MountSpec } from './mount.js';
import type { SourceRange } from './source.js';
import type { NameValue } from './words.js';

/** One instruction of a Containerfile. Texts are as written: variables in them are not expanded. */
export type Instruction =
  | AddInstruction
  | ArgInstruction
  | CmdInstruction
  | CopyInstruction
  | EntrypointInstruction
  | EnvInstruction
  | ExposeInstruction
  | FromInstruction
  | HealthcheckInstruction
  | LabelInstruction
  | MaintainerInstruction
  | OnbuildInstruction
  | RunInstruction
  | ShellInstruction
  | StopsignalInstruction
  | UserInstruction
  | VolumeInstruction
  | WorkdirInstruction;

export type Keyword = Instruction['keyword'];

/** The 18 of them. */
export const KEYWORDS: readonly Keyword[] = [
  ...(['ADD', 'ARG', 'CMD', 'COPY', 'ENTRYPOINT', 'ENV', 'EXPOSE', 'FROM', 'HEALTHCHECK'] as const),
  ...(['LABEL', 'MAINTAINER', 'ONBUILD', 'RUN', 'SHELL', 'STOPSIGNAL', 'USER', 'VOLUME', 'WORKDIR'] as const),
];

interface InstructionBase {
  /** From the keyword to the end of the last line, heredoc bodies included. */
  readonly range: SourceRange;
  /** Where the keyword stands. */
  readonly keywordRange: SourceRange;
  /** The keyword as it is written. */
  readonly writtenKeyword: string;
  /** The instruction on one line, continuations joined, without heredoc bodies. */
  readonly text: string;
  /** `text` as progress lines show it: with the first line of each heredoc behind it, and no passwords in its URLs. */
  readonly display: string;
  readonly heredocs: readonly Heredoc[];
  /** The comment lines directly above, without `#`. */
  readonly comments: readonly string[];
}

/** A command line: run as it is, or by the shell. */
export type Command =
  | { readonly form: 'exec'; readonly argv: readonly string[] }
  /** `text` may be empty, and lacks the bodies of heredocs. */
  | { readonly form: 'shell'; readonly text: string };

export interface FromInstruction extends InstructionBase {
  readonly keyword: 'FROM';
  readonly platform: string | undefined;
  readonly image: string;
  /** Lower case, as BuildKit keeps it. */
  readonly stageName: string | undefined;
  readonly writtenStageName: string | undefined;
}

export interface RunInstruction extends InstructionBase {
  readonly keyword: 'RUN';
  readonly command: Command;
  readonly mounts: readonly MountSpec[];
  readonly network: 'default' | 'none' | 'host' | undefined;
  readonly security: 'sandbox' | 'insecure' | undefined;
  readonly devices: readonly DeviceRequest[];
}

/** A CDI device. */
export interface DeviceRequest {
  /** `vendor/class`, `vendor/class=name`, `vendor/class=*` or a class annotation. */
  readonly name: string;
  readonly required: boolean;
}

export type CopySource =
  | { readonly kind: 'path'; readonly path: string }
  /** A file of its own, named after the delimiter. */
  | { readonly kind: 'heredoc'; readonly heredoc: Heredoc };

interface CopyBase extends InstructionBase {
  readonly sources: readonly CopySource[];
  readonly destination: string;
  readonly chown: string | undefined;
  readonly chmod: string | undefined;
  readonly link: boolean;
  readonly exclude: readonly string[];
}

export interface CopyInstruction extends CopyBase {
  readonly keyword: 'COPY';
  /** Stage name or number, named context, or image. */
  readonly from: string | undefined;
  readonly parents: boolean;
}

export interface AddInstruction extends CopyBase {
  readonly keyword: 'ADD';
  readonly checksum: string | undefined;
  readonly keepGitDir: boolean | undefined;
  /** `undefined`: local archives are unpacked, remote ones are not. */
  readonly unpack: boolean | undefined;
}

export interface ArgInstruction extends InstructionBase {
  readonly keyword: 'ARG';
  readonly args: readonly { readonly name: string; readonly defaultValue: string | undefined }[];
}

export interface EnvInstruction extends InstructionBase {
  readonly keyword: 'ENV';
  readonly pairs: readonly NameValue[];
  /** `ENV name value`. */
  readonly legacy: boolean;
}

export interface LabelInstruction extends InstructionBase {
  readonly keyword: 'LABEL';
  readonly pairs: readonly NameValue[];
  readonly legacy: boolean;
}

export interface CmdInstruction extends InstructionBase {
  readonly keyword: 'CMD';
  readonly command: Command;
}

export interface EntrypointInstruction extends InstructionBase {
  readonly keyword: 'ENTRYPOINT';
  readonly command: Command;
}

export interface ShellInstruction extends InstructionBase {
  readonly keyword: 'SHELL';
  readonly argv: readonly string[];
}

export interface ExposeInstruction extends InstructionBase {
  readonly keyword: 'EXPOSE';
  readonly ports: readonly string[];
}

export interface VolumeInstruction extends InstructionBase {
  readonly keyword: 'VOLUME';
  readonly paths: readonly string[];
}

export interface UserInstruction extends InstructionBase {
  readonly keyword: 'USER';
  readonly user: string;
}

export interface WorkdirInstruction extends InstructionBase {
  readonly keyword: 'WORKDIR';
  readonly path: string;
}

export interface StopsignalInstruction extends InstructionBase {
  readonly keyword: 'STOPSIGNAL';
  readonly signal: string;
}

export interface MaintainerInstruction extends InstructionBase {
  readonly keyword: 'MAINTAINER';
  readonly name: string;
}

export interface HealthcheckInstruction extends InstructionBase {
  readonly keyword: 'HEALTHCHECK';
  /** `undefined`: `HEALTHCHECK NONE`. */
  readonly check: HealthcheckCommand | undefined;
}

export interface HealthcheckCommand {
  readonly command: Command;
  /** Nanoseconds; 0 is the default, as is `undefined`. */
  readonly intervalNs: number | undefined;
  readonly timeoutNs: number | undefined;
  readonly startPeriodNs: number | undefined;
  readonly startIntervalNs: number | undefined;
  readonly retries: number | undefined;
}

export interface OnbuildInstruction extends InstructionBase {
  readonly keyword: 'ONBUILD';
  /** The instruction as images store it: its line, then the heredoc bodies with their terminators. */
  readonly trigger: string;
  readonly instruction: Instruction;
}
