// The reading half of tar-stream 3.2, which the tests hold the layer writer against.
declare module 'tar-stream' {
  interface ReadHeader {
    readonly name: string;
    readonly type: string | null;
    readonly size: number;
    readonly mode: number;
    readonly pax: Readonly<Record<string, string>> | null;
  }
  interface ReadEntry {
    readonly header: ReadHeader;
    resume(): void;
  }
  interface Extract extends AsyncIterable<ReadEntry> {
    end(bytes: Uint8Array): void;
  }
  export function extract(options?: { readonly filenameEncoding?: string }): Extract;
}
