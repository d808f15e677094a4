import type { Terminal } from './terminal.js';

export interface LogChunk {
  readonly stream: 'out' | 'err';
  readonly content: string | Uint8Array;
  /** What a RUN's command wrote, as against our own lines: only this is given up when the log grows too long. */
  readonly fromCommand: boolean;
}

/** Lines of a stage that wait for their turn. Memory is bounded: the oldest output of commands goes first, and the gap is named. */
export class StageLog {
  private chunks: LogChunk[] = [];
  private commandBytes = 0;
  private droppedBytes = 0;

  constructor(private readonly limitBytes: number) {}

  add(chunk: LogChunk): void {
    this.chunks.push(chunk);
    if (!chunk.fromCommand) return;
    this.commandBytes += chunk.content.length;
    if (this.commandBytes > this.limitBytes) this.dropOldest();
  }

  /** Writes all of it and forgets it. @param only one stream for everything; left out: each chunk goes to its own */
  flush(terminal: Terminal, only?: LogChunk['stream']): void {
    if (this.droppedBytes > 0) terminal.err(`[${this.droppedBytes} bytes of earlier output left out]\n`);
    for (const { stream, content } of this.chunks) terminal[only ?? stream](content);
    this.clear();
  }

  clear(): void {
    this.chunks = [];
    this.commandBytes = 0;
    this.droppedBytes = 0;
  }

  /** Down to half, so that a chatty command does not make every further chunk search the list again. */
  private dropOldest(): void {
    this.chunks = this.chunks.filter((chunk) => {
      if (!chunk.fromCommand || this.commandBytes <= this.limitBytes / 2) return true;
      this.commandBytes -= chunk.content.length;
      this.droppedBytes += chunk.content.length;
      return false;
    });
  }
}
