/** Directory for unfinished things of this process: `tmp/<random>/`, held by a lock until the store is closed. */
export interface Scratch {
  /** The directory, made and locked at the first call. */
  dir(): Promise<string>;
  /** Put a file or directory (any owner inside) out of the way at once, by rename; it is deleted later. Nothing happens when it is gone. */
  trash(path: string): void;
}
