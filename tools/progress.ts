export interface Progress {
  /** What is going on right now: shown beside the elapsed time. */
  note(line: string): void;
  /** Ends it with a line of its own. */
  done(line: string): void;
}

const tickMs = { terminal: 200, log: 15_000 };

/**
 * Shows that something long still lives: one line that is rewritten on a terminal, a line every 15 s in a log.
 * @param label what runs: `daprd: building`
 */
export const startProgress = (label: string, stream: NodeJS.WriteStream = process.stderr): Progress => {
  const began = performance.now();
  let last = "";
  const columns = stream.columns ?? 100;
  const show = (): void => {
    const line = `${label} ${elapsed(performance.now() - began)}  ${last}`;
    stream.write(stream.isTTY ? `\r\x1b[2K${line.slice(0, columns - 1)}` : `${line}\n`);
  };
  const timer = setInterval(show, stream.isTTY ? tickMs.terminal : tickMs.log);
  if (stream.isTTY) show();
  else stream.write(`${label}\n`);
  return {
    note: (line) => {
      last = line.trim();
    },
    done: (line) => {
      clearInterval(timer);
      stream.write(`${stream.isTTY ? "\r\x1b[2K" : ""}${line}\n`);
    },
  };
};

/** `0.4 s`, `12.3 s`, `3 min 04 s` */
export const elapsed = (ms: number): string => {
  const seconds = ms / 1_000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${String(Math.floor(seconds % 60)).padStart(2, "0")} s`;
};
