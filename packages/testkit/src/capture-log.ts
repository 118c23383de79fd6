import { createLogger, type Logger, type LogLevel } from "@tandem/runtime";

export interface CapturedLog {
  readonly log: Logger;
  /** Every line so far, parsed. */
  readonly lines: Record<string, unknown>[];
}

/** A real logger that writes into memory. Default level "debug". */
export const captureLog = (level: LogLevel = "debug"): CapturedLog => {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  return { log: createLogger({ service: "test", level, destination }), lines };
};
