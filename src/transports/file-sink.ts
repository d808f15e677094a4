import { DestinationWriteError } from './errors.js';
import type { ImageSink } from './image-sink.js';

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on its file system',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be larger than its file system allows',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'its file system is read-only',
  ENOENT: 'its directory does not exist',
  ENOTDIR: 'a parent of it is not a directory',
  EISDIR: 'it is a directory',
};

/** The sink that `open` gives and that writes below `path`, with system errors said in words. */
export function openFileSink(path: string, open: () => ImageSink): ImageSink {
  let sink: ImageSink;
  try {
    sink = open();
  } catch (error) {
    throw explain(error, path);
  }
  const explained =
    <A extends readonly unknown[], T>(method: (...argv: A) => Promise<T>) =>
    async (...argv: A): Promise<T> => {
      try {
        return await method(...argv);
      } catch (error) {
        throw explain(error, path);
      }
    };
  return {
    ...sink,
    hasBlob: explained(sink.hasBlob),
    writeBlob: explained(sink.writeBlob),
    writeManifest: explained(sink.writeManifest),
    ...(sink.writeSignature === undefined ? {} : { writeSignature: explained(sink.writeSignature) }),
    commit: explained(sink.commit),
  };
}

function explain(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error;
  const { code = '', path: failed = path } = error as NodeJS.ErrnoException;
  const reason = REASONS[code];
  if (reason === undefined) return error;
  return new DestinationWriteError(failed, reason, { cause: error, isFull: code === 'ENOSPC' || code === 'EDQUOT' });
}
