/** What went wrong, in terms that every protocol can map. A `kind` becomes a status in the interceptor only. */
export type ErrorKind =
  | "invalid_argument"
  | "unauthenticated"
  | "permission_denied"
  | "not_found"
  | "already_exists"
  | "conflict"
  | "failed_precondition"
  | "resource_exhausted"
  | "deadline_exceeded"
  | "unavailable"
  | "cancelled"
  | "unimplemented"
  | "internal";

/** One violated rule: the field as the caller named it (`lines[2].quantity`), the rule's id, and a sentence. */
export interface ErrorDetail {
  readonly field?: string;
  readonly rule?: string;
  readonly message: string;
}

export interface AppErrorOptions {
  readonly cause?: unknown;
  /** Whether the same request may succeed later. Default: true for conflict, resource_exhausted, deadline_exceeded and unavailable. */
  readonly retryable?: boolean;
  readonly details?: readonly ErrorDetail[];
}

const RETRYABLE: ReadonlySet<ErrorKind> = new Set([
  "conflict",
  "resource_exhausted",
  "deadline_exceeded",
  "unavailable",
]);

/**
 * The one error that use cases throw. `code` is a stable slug of the context's catalogue (`order.not_found`); the message
 * is for the caller and must not carry anything internal, which belongs into `cause`.
 */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly kind: ErrorKind;
  readonly code: string;
  readonly retryable: boolean;
  readonly details: readonly ErrorDetail[];

  constructor(kind: ErrorKind, code: string, message: string, options: AppErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.kind = kind;
    this.code = code;
    this.retryable = options.retryable ?? RETRYABLE.has(kind);
    this.details = options.details ?? [];
  }
}

/** Whether `error` is an AppError, and the one with `code` if given. */
export const isAppError = (error: unknown, code?: string): error is AppError =>
  error instanceof AppError && (code === undefined || error.code === code);
