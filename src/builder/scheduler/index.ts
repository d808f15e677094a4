export { Scheduler, type SchedulerOptions } from './scheduler.js';
export type { BuildCache, Outcome, Step, StepKey } from './types.js';
