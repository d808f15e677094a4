import type { CopyStep as GraphCopyStep, Stage } from '../../../builder/graph/index.js';
import type { Step } from '../../../builder/scheduler/index.js';
import { CopyStep, type RootState, type Toolbox } from '../../../builder/steps/index.js';
import type { ContextSource } from '../../../context/index.js';
import { formatPlatform } from '../../../image/index.js';

/** The file system of a `FROM` whose name is that of a context with files: all of them, on nothing. */
export function fromContext(stage: Stage, context: ContextSource, scratch: Step<RootState>, toolbox: Toolbox): Step<RootState> {
  const spec: GraphCopyStep = {
    kind: 'copy',
    instruction: stage.from,
    display: stage.display,
    createdBy: undefined,
    triggered: false,
    before: {},
    after: {},
    sources: [{ kind: 'path', path: '.' }],
    destination: '/',
    chown: undefined,
    chmod: undefined,
    link: false,
    exclude: [],
    parents: false,
    from: { kind: 'build-context' },
  };
  return new CopyStep(stage.display, scratch, spec, { context }, { ...toolbox, platform: formatPlatform(stage.platform) });
}
