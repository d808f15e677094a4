/** The two streams of a command. Everything tsbuild shows goes through here; nothing else writes to them. */
export interface Terminal {
  out(text: string | Uint8Array): void;
  err(text: string | Uint8Array): void;
}

/** The process's own standard output and error. Writing to a pipe or file is synchronous on Linux, so nothing is lost at exit. */
export const processTerminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
};
