/** One of the process's two output streams. Writing to it never throws, whether or not anybody still reads. */
export interface Output {
  write(text: string): void;
  /** Resolves when everything written is out, or cannot be. */
  flush(): Promise<void>;
  readonly isTerminal: boolean;
  columns(): number;
}

/** Wraps a stream. A closed reader (`| head`) or a full disk under `> file` silences the output without failing anything. */
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
      // An empty write would return before those that still wait for a slow reader.
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (broken || unwritten === 0) resolve();
      });
    },
  };
}
