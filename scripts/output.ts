/** One of the process's two streams: writing to it never throws, whoever went away on the other side. */
export interface Output {
  write(text: string): void;
  /** Resolves when everything written is out, or cannot be. */
  flush(): Promise<void>;
  readonly isTerminal: boolean;
  columns(): number;
}

/** Wraps a stream. A reader that left (`| head`) or a full disk under `> file` silences the output and fails nothing. */
export function createOutput(stream: NodeJS.WriteStream): Output {
  let broken = false;
  stream.on('error', () => {
    broken = true;
  });
  return {
    isTerminal: stream.isTTY === true,
    columns: () => stream.columns || 80,
    write(text) {
      if (!broken) stream.write(text);
    },
    async flush() {
      if (!broken) await new Promise<void>((resolve) => stream.write('', () => resolve()));
    },
  };
}
