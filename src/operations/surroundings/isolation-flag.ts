import type { Settings } from '../../config/index.js';
import { UsageError } from '../../errors.js';
import type { Isolation } from '../../sandbox/index.js';

/** `--isolation`, `--runtime` and `--runtime-flag`, as written. */
export interface IsolationOptions {
  readonly isolation?: string | undefined;
  readonly runtime?: string | undefined;
  /** The one that isolation `oci` means where none is asked for; undefined: that isolation is ours. */
  readonly ociRuntime?: string | undefined;
  readonly runtimeFlags?: readonly string[] | undefined;
}

/**
 * @param settings what counts where the flag is left out, and where this runs
 * @throws {UsageError} no isolation that there is, or flags that contradict each other
 */
export function readIsolation(
  options: IsolationOptions,
  settings: Pick<Settings, 'isolation' | 'idMode' | 'runRoot'>,
  network?: string,
): Isolation {
  const { isolation = settings.isolation ?? '', runtimeFlags = [] } = options;
  const word = isolation.toLowerCase();
  const runtime = options.runtime || (word === 'oci' ? options.ociRuntime : undefined);
  switch (word) {
    case '':
    case 'default':
    case 'oci':
      // Without a runtime asked for, Buildah's isolation of that name is ours.
      if (runtime !== undefined)
        return {
          kind: 'oci',
          runtime,
          flags: runtimeFlags.map((flag) => (flag.startsWith('-') ? flag : `--${flag}`)),
          isRealRoot: settings.idMode === 'root',
          runRoot: settings.runRoot,
        };
      return { kind: 'native' };
    case 'native':
    case 'rootless':
      return { kind: 'native' };
    case 'chroot':
      // As with Buildah, where this isolation has no network of its own.
      if (options.isolation !== undefined && !['host', 'default', '', undefined].includes(network))
        throw new UsageError('cannot set --network other than host with --isolation chroot');
      return { kind: 'chroot' };
    default:
      throw new UsageError(`unrecognized isolation type ${JSON.stringify(isolation)}`, {
        hint: 'There are native, rootless, oci and chroot',
      });
  }
}
