import { median, type Sample } from './measure.js';
import type { Result } from './report.js';

/** Samples of the same works by several tools, as lines of the table: the median of tsbuild beside that of each peer. */
export class Comparison {
  readonly #samples = new Map<string, Map<string, Sample[]>>();

  add(work: string, tool: string, sample: Sample): void {
    const tools = this.#samples.get(work) ?? new Map<string, Sample[]>();
    tools.set(tool, [...(tools.get(tool) ?? []), sample]);
    this.#samples.set(work, tools);
  }

  /** One line per peer that did `work`; wall-clock time, or processor time of all processes that worked for it. */
  results(work: string, goal: string, time: 'wall' | 'cpu' = 'wall'): Result[] {
    const medians = [...(this.#samples.get(work) ?? [])].map(([tool, samples]): [string, number] => [
      tool,
      median(samples.map((sample) => (time === 'wall' ? sample.wallMs : sample.cpuMs))),
    ]);
    const ours = medians.find(([tool]) => tool === 'tsbuild')![1];
    const name = time === 'wall' ? work : `${work}: CPU`;
    const peers = medians.filter(([tool]) => tool !== 'tsbuild');
    return peers.map(([peerName, peer]) => ({ work: name, unit: 'ms', ours, peer, peerName, goal }));
  }
}
