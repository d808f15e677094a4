import type { Services } from '../context.js';
import { gatherFacts } from './facts.js';
import { exitStatusOf, type Finding, judge } from './judge.js';

export interface Diagnosis {
  readonly findings: readonly Finding[];
  /** 0: all is well; 1: degraded at worst; 2: something is missing. */
  readonly exitStatus: 0 | 1 | 2;
}

/** Looks at what builds lean on. Nothing is changed, and nothing is left behind. */
export async function diagnose(services: Services): Promise<Diagnosis> {
  const findings = judge(await gatherFacts(services));
  return { findings, exitStatus: exitStatusOf(findings) };
}
