export type { Surplus } from './job-limit.js';
export { Scheduler, type SchedulerOptions } from './scheduler.js';
export type { BuildCache, Claim, ClaimOptions, Outcome, Step, StepKey } from './types.js';
