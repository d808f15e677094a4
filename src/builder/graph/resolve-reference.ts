import { Fault } from '../../parser/index.js';
import { didYouMean } from '../../suggest.js';
import type { InputSource, StageBase, StageSetting } from './graph.js';

/**
 * What `FROM base` of stage `index` means: an earlier stage by name (the last of that name) or number, a named context, or an image.
 */
export function resolveBase(setting: StageSetting, index: number, base: string): StageBase {
  if (base === 'scratch') return { kind: 'scratch' };
  const context = findContext(setting, base);
  if (context !== undefined) return context;
  const byName = findStage(setting, base, index);
  if (byName !== undefined) return { kind: 'stage', index: byName };
  if (/^\d+$/.test(base) && Number(base) < index) return { kind: 'stage', index: Number(base) };
  return { kind: 'image', reference: base };
}

/**
 * What `COPY --from` or a mount's `from` in stage `index` means.
 * @throws {Fault} the stage itself, a later one, or a number that no stage has
 */
export function resolveInput(setting: StageSetting, index: number, from: string, use: 'copy' | 'mount'): InputSource {
  if (from === '') throw new Fault('missing a value on flag: --from');
  const context = findContext(setting, from);
  if (context !== undefined) return context;
  const earlier = findStage(setting, from, index);
  if (earlier !== undefined) return { kind: 'stage', index: earlier };
  const own = setting.stageNames[index];
  const anyStage = findStage(setting, from, setting.stageNames.length) ?? stageNumber(setting, from);
  if (anyStage === undefined) return { kind: 'image', reference: from };
  if (anyStage < index) return { kind: 'stage', index: anyStage };
  if (anyStage === index) throw new Fault(`circular dependency detected on stage: ${from}`);
  const here = JSON.stringify(own ?? String(index));
  const there = JSON.stringify(from);
  throw new Fault(
    use === 'copy'
      ? `cannot copy from stage ${there}, it needs to be defined before current stage ${here}`
      : `cannot mount from stage ${there} to ${here}, stage needs to be defined before current command`,
  );
}

/** Index of the stage `--target` names: its name in any case, or its number. */
export function findTarget(stageNames: readonly (string | undefined)[], target: string): number | undefined {
  const byName = stageNames.lastIndexOf(target.toLowerCase());
  if (byName !== -1) return byName;
  return /^\d+$/.test(target) && Number(target) < stageNames.length ? Number(target) : undefined;
}

export function suggestStage(stageNames: readonly (string | undefined)[], target: string): string | undefined {
  if (/^\d+$/.test(target)) return `The stages of this file have the numbers 0 to ${stageNames.length - 1}`;
  const names = stageNames.filter((name) => name !== undefined);
  return didYouMean(target, names) ?? (names.length > 0 ? `The stages are: ${names.join(', ')}` : 'No stage of this file has a name');
}

function findStage(setting: StageSetting, name: string, before: number): number | undefined {
  const found = setting.stageNames.slice(0, before).lastIndexOf(name.toLowerCase());
  return found === -1 ? undefined : found;
}

function stageNumber(setting: StageSetting, text: string): number | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  if (Number(text) >= setting.stageNames.length) throw new Fault(`invalid stage index ${text}`);
  return Number(text);
}

function findContext(setting: StageSetting, name: string): { kind: 'named-context'; name: string } | undefined {
  const wanted = normalName(name);
  const found = setting.namedContexts.find((context) => normalName(context) === wanted);
  return found === undefined || wanted === 'scratch' || wanted === 'context' ? undefined : { kind: 'named-context', name: found };
}

/** Named contexts are compared like image names, where `:latest` says nothing. */
function normalName(name: string): string {
  return name
    .toLowerCase()
    .replace(/^docker\.io\/(library\/)?/, '')
    .replace(/:latest$/, '');
}
