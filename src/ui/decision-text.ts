import type { Difference, FileChange, FileFacts, MissCause, StepDecision } from '../progress.js';
import { printable } from './messages.js';
import { shortId } from './short-id.js';

const CAUSES: Readonly<Record<Exclude<MissCause, 'changed'>, string>> = {
  new: 'nothing like it was built here before',
  'not-asked': 'the cache was not asked (--no-cache, --no-cache-filter or --no-layers)',
  expired: 'its record is older than --cache-ttl allows',
  lost: 'its layer is no longer in the store',
  repeated: 'the same step ran before in this build',
};

/** Why a step was run or not: a line, and one for each difference. Empty where there was nothing to run. */
export function formatDecision(decision: StepDecision): string {
  switch (decision.outcome) {
    case 'none':
      return '';
    case 'base':
      return `cache: base image ${decision.digest}\n`;
    case 'hit':
      return `cache: hit, recorded ${decision.recordedAt}\n`;
    case 'miss': {
      const { cause, nearest, differences } = decision;
      if (cause !== 'changed') return `cache: miss, ${CAUSES[cause]}\n`;
      const lines = differences.flatMap(formatDifference).map((line) => `  ${printable(line).replaceAll('\n', '\\n')}\n`);
      return `cache: miss, not as recorded ${nearest?.recordedAt ?? ''}\n${lines.join('')}`;
    }
  }
}

function formatDifference(difference: Difference): string[] {
  switch (difference.kind) {
    case 'instruction':
      return [`instruction: was ${difference.before}`];
    case 'variable':
      return [`${difference.instruction} ${difference.name}: ${formatChange(difference.before, difference.after)}`];
    case 'files': {
      const mount = difference.mount === undefined ? '' : `mount ${difference.mount}: `;
      const place = difference.context === undefined ? mount : `${mount}${difference.context}: `;
      const lines = difference.files.map((change) => `${place}${formatFile(change)}`);
      const rest = difference.count - lines.length;
      return rest === 0 ? lines : [...lines, `${place}and ${rest} more`];
    }
    case 'mount':
      return [`mount ${difference.target}: ${formatChange(difference.before, difference.after)}`];
    case 'base-image':
      return [`base image: ${formatChange(difference.before, difference.after)}`];
    case 'parent':
      return [`parent: the steps before gave other content, ${formatChange(difference.before, difference.after)}`];
    case 'input':
      return [`${difference.name}: ${formatChange(difference.before, difference.after)}`];
  }
}

/** Digests, shortened. */
function formatChange(before: string | undefined, after: string | undefined): string {
  if (before === undefined) return `new, ${shortId(after ?? '')}`;
  return after === undefined ? `gone, was ${shortId(before)}` : `${shortId(before)} -> ${shortId(after)}`;
}

function formatFile({ path, before, after }: FileChange): string {
  if (before === undefined) return `${path}: new, ${after === undefined ? '' : formatFacts(after)}`;
  return after === undefined ? `${path}: gone, was ${formatFacts(before)}` : `${path}: ${formatFacts(before)} -> ${formatFacts(after)}`;
}

const PERMISSIONS = 0o7777;

function formatFacts({ mode, size, content, owner }: FileFacts): string {
  const parts = [`${size} bytes`, `mode ${(mode & PERMISSIONS).toString(8).padStart(4, '0')}`];
  if (content !== '') parts.push(isDigits(content) ? shortId(content) : content);
  if (owner !== '') parts.push(`owner ${owner}`);
  return parts.join(' ');
}

/** Digits of a digest; the target of a link is shown whole. */
function isDigits(content: string): boolean {
  return /^[0-9a-f]{16,}$/.test(content);
}
