import { UsageError } from '../../errors.js';
import { flag, text } from './flags.js';

/** Flags that ask about a Containerfile instead of building it. */
export const CALL_FLAGS = {
  call: text({
    value: 'check|outline|targets[,format=json]',
    summary: 'Do not build: look for mistakes, show what the target can be given, or list the stages',
  }),
  check: flag({ summary: 'As --call=check' }),
};

export interface Call {
  readonly kind: 'check' | 'outline' | 'targets';
  readonly format: 'text' | 'json';
}

/** What is asked; `undefined`: to build. @throws {UsageError} it is nothing of that kind */
export function chosenCall(flags: { readonly call?: string | undefined; readonly check?: boolean | undefined }): Call | undefined {
  const written = flags.check === true && flags.call === undefined ? 'check' : flags.call;
  if (written === undefined || written === 'build') return undefined;
  const [kind, ...options] = written.split(',').map((part) => part.trim());
  const format = options.at(-1)?.replace(/^format=/, '') ?? 'text';
  const isKnown = (kind === 'check' || kind === 'outline' || kind === 'targets') && (format === 'text' || format === 'json');
  if (!isKnown || options.some((option) => !option.startsWith('format='))) {
    throw new UsageError(`invalid argument ${JSON.stringify(written)} for "--call" flag`, {
      hint: 'It is check, outline or targets, and ,format=json may follow',
    });
  }
  return { kind, format };
}
