import { styleText } from "node:util";

/** Tells a person what is going on, a line a step, with the time it took. */
export interface Progress {
  /** Runs `work` as a named step. What it returns is shown behind the name when it is a string. */
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
  say(line: string): void;
  /** Milliseconds since the command began. */
  elapsedMs(): number;
}

export const createProgress = (write: (text: string) => void = (text) => void process.stdout.write(text)): Progress => {
  const startedAt = performance.now();
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`.padStart(7);
  return {
    async step(name, work) {
      const began = performance.now();
      try {
        const result = await work();
        const detail = typeof result === "string" ? ` ${styleText("dim", result)}` : "";
        write(`${styleText("green", "✓")} ${seconds(performance.now() - began)}  ${name}${detail}\n`);
        return result;
      } catch (error) {
        write(`${styleText("red", "✗")} ${seconds(performance.now() - began)}  ${name}\n`);
        throw error;
      }
    },
    say: (line) => write(`${line}\n`),
    elapsedMs: () => performance.now() - startedAt,
  };
};
