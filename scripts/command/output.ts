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
  let unwritten = 0;
  let wake: (() => void) | null = null;
  const isOut = () => {
    unwritten--;
    if (unwritten === 0) wake?.();
  };
  stream.on('error', () => {
    broken = true;
    wake?.();
  });
  return {
    isTerminal: stream.isTTY === true,
    columns: () => stream.columns || 80,
    write(text) {
      if (broken || text === '') return;
      unwritten++;
      stream.write(text, isOut);
    },
    async flush() {
      // An empty write would come back before those that still wait for a slow reader.
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (broken || unwritten === 0) resolve();
      });
    },
  };
}
