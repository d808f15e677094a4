// The reading half of tar-stream 3.2.
declare module 'tar-stream' {
  interface ReadHeader {
    readonly name: string;
    readonly type: string | null;
    readonly size: number;
    readonly mode: number;
    readonly uid: number;
    readonly gid: number;
    readonly mtime: Date;
    readonly linkname: string | null;
    readonly devmajor: number;
    readonly devminor: number;
    readonly pax: Readonly<Record<string, string>> | null;
  }
  /** The content, which must be read to its end before the next entry comes. */
  interface ReadEntry extends AsyncIterable<Uint8Array> {
    readonly header: ReadHeader;
    resume(): void;
  }
  interface Extract extends AsyncIterable<ReadEntry> {
    /** False when the buffer is full: wait for `drain`. */
    write(bytes: Uint8Array): boolean;
    end(bytes?: Uint8Array): void;
    destroy(error?: Error): void;
    once(event: 'drain' | 'close', listener: () => void): this;
  }
  export function extract(options?: { readonly filenameEncoding?: string }): Extract;
}
