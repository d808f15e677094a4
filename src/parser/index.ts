export { withoutPassword, withoutPasswords } from '../url-passwords.js';
export { parseCsvLine } from './csv.js';
export { type Directives, type Escape, parseDirective } from './directives.js';
export { formatExcerpt, formatSyntaxError } from './excerpt.js';
export { type ExpandOptions, ExpansionError, expandHeredoc, expandWord, expandWords, type Lookup } from './expand.js';
export { Fault } from './fragment.js';
export { checkCommit, type GitUrl, parseGitUrl } from './git-url.js';
export { parseGoDuration } from './go-duration.js';
export { type Heredoc, heredocText } from './heredoc.js';
export {
  type AddInstruction,
  type ArgInstruction,
  type CmdInstruction,
  type Command,
  type CopyInstruction,
  type CopySource,
  type DeviceRequest,
  type EntrypointInstruction,
  type EnvInstruction,
  type ExposeInstruction,
  type FromInstruction,
  type HealthcheckInstruction,
  type Instruction,
  KEYWORDS,
  type Keyword,
  type LabelInstruction,
  type OnbuildInstruction,
  type RunInstruction,
} from './instruction.js';
export {
  type BindMount,
  type CacheMount,
  type Mount,
  type MountSpec,
  parseMountSpec,
  resolveMount,
  type SecretMount,
  type SshMount,
  type TmpfsMount,
} from './mount.js';
export {
  type Containerfile,
  type InspectedContainerfile,
  inspectContainerfile,
  parseContainerfile,
  parseTrigger,
} from './parse-containerfile.js';
export { parseSize } from './size.js';
export { lineStarts, positionAt, type Source, type SourcePosition, type SourceRange } from './source.js';
export { type SyntaxDocument, syntaxDocument } from './syntax-document.js';
export { ContainerfileSyntaxError, combineSyntaxErrors, syntaxErrorAt } from './syntax-error.js';
