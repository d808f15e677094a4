export { type ArgScope, automaticArgs } from './build-arguments.js';
export { DEFAULT_PATH, environmentOf } from './container-config.js';
export { findFaults } from './find-faults.js';
export type { Graph, ImageUse, InputSource, Stage, StageBase, StageSetting } from './graph.js';
export { absolutePath, copyDestination } from './image-path.js';
export { isChmod } from './lower-copy.js';
export { runEnvironment } from './lower-run.js';
export { type LoweredStage, lowerStage, type StageInput } from './lower-stage.js';
export { type ResolveOptions, resolveStages } from './resolve-stages.js';
export type {
  AddStep,
  ConfigStep,
  CopyStep,
  RunMount,
  RunStep,
  ScriptFile,
  Step,
  StepSource,
  VolumeStep,
  WorkdirStep,
} from './step.js';
