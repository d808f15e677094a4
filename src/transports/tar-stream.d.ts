// The part of tar-stream 3.2 that archives are written with.
declare module 'tar-stream' {
  interface Header {
    readonly name: string;
    readonly type?: 'file' | 'directory' | 'symlink';
    readonly size?: number;
    readonly mode?: number;
    readonly mtime?: Date;
    readonly linkname?: string;
  }
  interface Entry {
    /** False when the buffer is full: wait for `drain`. */
    write(chunk: Uint8Array): boolean;
    end(): void;
    once(event: 'drain', listener: () => void): this;
    off(event: 'drain', listener: () => void): this;
    on(event: 'error', listener: (error: Error) => void): this;
  }
  interface Pack extends AsyncIterable<Uint8Array> {
    entry(header: Header, callback?: (error: Error | null) => void): Entry;
    entry(header: Header, content: Uint8Array | string, callback?: (error: Error | null) => void): Entry;
    finalize(): void;
    destroy(error?: Error): void;
  }
  export function pack(): Pack;
}
