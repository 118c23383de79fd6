import { AppError } from "@tandem/kernel";

/** What Postgres said: SQLSTATE and, where it applies, the constraint. */
export interface PostgresError extends Error {
  readonly code: string;
  readonly severity: string;
  readonly constraint?: string;
  readonly table?: string;
}

/** The server's error behind `error`, through any chain of causes; undefined when none is there. */
export const findPostgresError = (error: unknown): PostgresError | undefined => {
  for (let depth = 0, found = error; depth < 8 && found instanceof Error; depth += 1, found = found.cause) {
    const { code, severity } = found as Partial<PostgresError>;
    if (typeof code === "string" && code.length === 5 && typeof severity === "string") return found as PostgresError;
  }
  return undefined;
};

/** True for a unique violation (23505), of `constraint` when given. */
export const isUniqueViolation = (error: unknown, constraint?: string): boolean => {
  const found = findPostgresError(error);
  return found?.code === "23505" && (constraint === undefined || found.constraint === constraint);
};

/** True for a foreign key violation (23503), of `constraint` when given. */
export const isForeignKeyViolation = (error: unknown, constraint?: string): boolean => {
  const found = findPostgresError(error);
  return found?.code === "23503" && (constraint === undefined || found.constraint === constraint);
};

/** Serialization failure or deadlock: nothing happened, and the same work may well pass next time. */
export const isSerializationFailure = (error: unknown): boolean => {
  const code = findPostgresError(error)?.code;
  return code === "40001" || code === "40P01";
};

const LOST_SOCKET = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ENOTFOUND",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "EAI_AGAIN",
]);
const LOST_SQLSTATE = new Set(["57P01", "57P02", "57P03", "57P05", "25P03", "53300"]);
const LOST_MESSAGE =
  /connection terminated|connection error and is not queryable|client was closed|connection timeout/i;

/** The connection, or the server behind it, is gone or not there yet. */
export const isConnectionLoss = (error: unknown): boolean => {
  const code = findPostgresError(error)?.code;
  if (code !== undefined) return code.startsWith("08") || LOST_SQLSTATE.has(code);
  for (let depth = 0, found = error; depth < 8 && found instanceof Error; depth += 1, found = found.cause) {
    if (LOST_SOCKET.has((found as NodeJS.ErrnoException).code ?? "") || LOST_MESSAGE.test(found.message)) return true;
    // Happy eyeballs reports one error per address.
    if (found instanceof AggregateError && found.errors.some(isConnectionLoss)) return true;
  }
  return false;
};

/**
 * What callers of the package see: the infrastructure's failures as AppErrors with the right `kind` and `retryable`,
 * everything else (constraint violations, the work's own errors) as it was thrown.
 */
export const toAppError = (error: unknown): unknown => {
  if (error instanceof AppError) return error;
  // pg-pool's words; it has no code for it.
  if (error instanceof Error && error.message === "timeout exceeded when trying to connect")
    return new AppError("unavailable", "postgres.acquire_timeout", "No database connection became free in time", {
      cause: error,
    });
  if (isConnectionLoss(error))
    return new AppError("unavailable", "postgres.unavailable", "The database cannot be reached", { cause: error });
  if (isSerializationFailure(error))
    return new AppError("conflict", "postgres.serialization_failure", "Concurrent changes got in the way", {
      cause: error,
    });
  switch (findPostgresError(error)?.code) {
    case "55P03":
      return new AppError("unavailable", "postgres.lock_timeout", "A lock was not granted in time", { cause: error });
    case "57014":
      return new AppError("deadline_exceeded", "postgres.statement_timeout", "A statement took too long", {
        cause: error,
      });
    default:
      return error;
  }
};

/** The error for work that `signal` ended: the signal's own AppError, a deadline, or a cancellation. */
export const abortError = (signal: AbortSignal): AppError => {
  const cause: unknown = signal.reason;
  if (cause instanceof AppError) return cause;
  if (cause instanceof DOMException && cause.name === "TimeoutError")
    return new AppError("deadline_exceeded", "postgres.deadline_exceeded", "The deadline passed", { cause });
  return new AppError("cancelled", "postgres.cancelled", "The work was cancelled", { cause });
};
