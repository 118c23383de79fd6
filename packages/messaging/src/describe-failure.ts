import { createHash } from "node:crypto";
import { isAppError } from "@tandem/kernel";

/** What went wrong, in the columns of a dead letter. */
export interface Failure {
  readonly kind: string;
  readonly code: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Same consumer, same code, same place: one cause. */
  readonly fingerprint: string;
}

const MAX_MESSAGE = 2_000;
const MAX_STACK = 8_000;

export const describeFailure = (consumer: string, error: unknown): Failure => {
  const failure = error instanceof Error ? error : new Error(String(error));
  const kind = isAppError(error) ? error.kind : "internal";
  const code = isAppError(error) ? error.code : codeOf(failure);
  const message = failure.message.slice(0, MAX_MESSAGE);
  // An AppError's code names the cause; of other errors the words do, once ids and numbers are out of them.
  const cause = isAppError(error) ? code : `${code} ${withoutValues(message)} ${topFrame(failure.stack)}`;
  const fingerprint = createHash("sha256").update(`${consumer}\n${cause}`).digest("hex").slice(0, 16);
  return { kind, code, message, stack: failure.stack?.slice(0, MAX_STACK), fingerprint };
};

const codeOf = (error: Error): string => {
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? `${error.name}.${code}` : error.name;
};

const withoutValues = (message: string): string =>
  message
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/gi, "#")
    .replace(/"[^"]*"|'[^']*'/g, "#")
    .replace(/\d+/g, "#");

// Without line and column: a release that moves the line is not a new cause.
const topFrame = (stack: string | undefined): string =>
  /\n\s+at (.*?)(?::\d+)*\)?(?:\n|$)/.exec(stack ?? "")?.[1]?.replace(/:\d+/g, "") ?? "";
