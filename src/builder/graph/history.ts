import type { RunInstruction } from '../../parser/index.js';
import type { AddStep, CopyStep, Step } from './step.js';

/**
 * The `created_by` of a step's history entry, in Buildah's words.
 *
 * @param content what COPY or ADD brought, as `file:<hex>`, `dir:<hex>` or `multi:<hex>`; other steps have no use for it
 */
export function createdBy(step: Step, content = ''): string {
  const { instruction } = step;
  switch (step.kind) {
    case 'run': {
      const text = instruction.keyword === 'RUN' ? runText(instruction) : '';
      const args = step.args.map(([name, value]) => `${name}=${value}`);
      const before = args.length === 0 ? '' : `|${args.length} ${args.join(' ')} `;
      return `${before}/bin/sh -c ${text}`;
    }
    case 'copy':
    case 'add':
      return `/bin/sh -c #(nop) ${step.kind.toUpperCase()} ${content} in ${writtenDestination(step)} `;
    default:
      // The values of ARGs may be secrets and are no part of the image: only names are kept.
      return instruction.keyword === 'ARG'
        ? `/bin/sh -c #(nop) ARG ${instruction.args.map(({ name }) => name).join(' ')}`
        : `/bin/sh -c #(nop) ${instruction.text}`;
  }
}

/** True for a step whose history entry never has a layer; WORKDIR and VOLUME have one when they made a directory. */
export function isEmptyLayer(step: Step): boolean {
  return step.kind === 'config' || (step.kind === 'workdir' && step.path === '/');
}

function writtenDestination(step: CopyStep | AddStep): string {
  const { instruction } = step;
  return instruction.keyword === 'COPY' || instruction.keyword === 'ADD' ? instruction.destination : step.destination;
}

function runText(instruction: RunInstruction): string {
  const bodies = instruction.heredocs.map(({ content, name }) => `\n${content}${name}`);
  return instruction.text.replace(/^\S+\s*/, '') + bodies.join('');
}
