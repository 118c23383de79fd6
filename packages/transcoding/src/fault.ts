import { Code, ConnectError } from "@connectrpc/connect";

/** Why the HTTP request itself was refused, before any handler ran. Stable: map it to your own error catalogue. */
export type FaultReason =
  | "route_not_found"
  | "method_not_allowed"
  | "unsupported_media_type"
  | "body_too_large"
  | "body_unexpected"
  | "malformed_json"
  | "malformed_url"
  | "malformed_timeout"
  | "unknown_field"
  | "invalid_field";

export interface FieldViolation {
  /** Where it is, as the caller wrote it: `lines[2].quantity`; "" for the body as a whole. */
  readonly field: string;
  readonly description: string;
}

interface FaultKind {
  readonly status: number;
  readonly code: Code;
}

const kinds: Readonly<Record<FaultReason, FaultKind>> = {
  route_not_found: { status: 404, code: Code.NotFound },
  method_not_allowed: { status: 405, code: Code.Unimplemented },
  unsupported_media_type: { status: 415, code: Code.InvalidArgument },
  body_too_large: { status: 413, code: Code.ResourceExhausted },
  body_unexpected: { status: 400, code: Code.InvalidArgument },
  malformed_json: { status: 400, code: Code.InvalidArgument },
  malformed_url: { status: 400, code: Code.InvalidArgument },
  malformed_timeout: { status: 400, code: Code.InvalidArgument },
  unknown_field: { status: 400, code: Code.InvalidArgument },
  invalid_field: { status: 400, code: Code.InvalidArgument },
};

/**
 * A refused request. Not a ConnectError by class: ConnectError's `instanceof` is by name, so a subclass could not be told apart.
 */
export class RequestFault extends Error {
  override readonly name = "RequestFault";
  readonly reason: FaultReason;
  readonly violations: readonly FieldViolation[];
  constructor(reason: FaultReason, message: string, violations: readonly FieldViolation[] = []) {
    super(message);
    this.reason = reason;
    this.violations = violations;
  }
  get status(): number {
    return kinds[this.reason].status;
  }
  toConnectError(): ConnectError {
    return new ConnectError(this.message, kinds[this.reason].code);
  }
}

export const invalidField = (field: string, description: string) =>
  new RequestFault("invalid_field", `field "${field}": ${description}`, [{ field, description }]);

export const unknownField = (field: string, description: string) =>
  new RequestFault("unknown_field", `field "${field}": ${description}`, [{ field, description }]);
