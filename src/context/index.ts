export { contentDigest, type DigestedEntry, type DigestedSelection, digestSelection } from './content-digest.js';
export { type ContextSource, openedContext } from './context-source.js';
export { ContextError, SourceNotFoundError, SourceUnreadableError } from './errors.js';
export { IgnoreFileError, rulesOf } from './ignore-rules.js';
export { type Context, type ContextOptions, openContext } from './open-context.js';
export { type RealPath, resolveRealPath, resolveTargetPath } from './real-path.js';
export { joinParts, splitPath } from './rooted-path.js';
export type { SelectedEntry, SelectedParent, SelectedSource } from './selection.js';
export { type SelectOptions, SourceTree } from './source-tree.js';
