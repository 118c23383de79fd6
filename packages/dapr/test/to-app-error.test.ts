import { Code, ConnectError } from "@connectrpc/connect";
import { AppError } from "@tandem/kernel";
import { describe, expect, it } from "vitest";
import { toAppError } from "../src/to-app-error.ts";

/** What the sidecar answered. */
const answer = (message: string, code: Code): ConnectError => {
  const error = new ConnectError(message, code);
  error.isWireError = true;
  return error;
};

describe("toAppError", () => {
  it.each([
    [Code.PermissionDenied, "permission_denied", false],
    [Code.InvalidArgument, "invalid_argument", false],
    [Code.NotFound, "not_found", false],
    [Code.Unauthenticated, "unauthenticated", false],
    [Code.Internal, "unavailable", true],
    [Code.Unavailable, "unavailable", true],
    [Code.FailedPrecondition, "unavailable", true],
    [Code.DeadlineExceeded, "deadline_exceeded", true],
    [Code.ResourceExhausted, "resource_exhausted", true],
  ])("code %i is %s, retryable %s", (code, kind, retryable) => {
    expect(toAppError(answer("what", code), "publish")).toMatchObject({
      kind,
      retryable,
      code: "dapr.publish_failed",
      message: "publish: what",
    });
  });

  it.each([
    [Code.Aborted, "failed saving state: possible etag mismatch"],
    [Code.Internal, "error while executing state transaction: possible etag mismatch. error from state store"],
    [Code.Internal, "no item was updated"],
  ])("knows a lost race when it reads one: code %i, %s", (code, message) => {
    expect(toAppError(answer(message, code), "state_set")).toMatchObject({
      kind: "conflict",
      code: "dapr.etag_mismatch",
    });
  });

  it.each([
    "pubsub orders is not found",
    "state store carts is not found",
    "state store is not configured",
    "lock store locks not found",
  ])("takes a missing component for one that may still come: %s", (message) => {
    expect(toAppError(answer(message, Code.InvalidArgument), "x")).toMatchObject({
      kind: "unavailable",
      retryable: true,
      code: "dapr.component_missing",
    });
  });

  it.each([
    [Code.Canceled, "http/2 stream closed with error code CANCEL (0x8)"],
    [Code.PermissionDenied, "http/2 stream closed with error code HTTP_1_1_REQUIRED (0xd)"],
    [Code.InvalidArgument, "protocol error: incomplete envelope"],
    [Code.Aborted, "read ECONNRESET"],
    [Code.Unimplemented, "protocol error: missing output message for unary method"],
  ])("takes a sidecar that died under the call for one that is away: code %i, %s", (code, message) => {
    expect(toAppError(new ConnectError(message, code), "publish")).toMatchObject({
      kind: "unavailable",
      retryable: true,
    });
  });

  it("knows a call that its caller gave up", () => {
    expect(toAppError(new ConnectError("This operation was aborted", Code.Canceled), "publish").kind).toBe("cancelled");
  });

  it("leaves an AppError alone", () => {
    const error = new AppError("not_found", "a.b", "c");
    expect(toAppError(error, "x")).toBe(error);
  });
});
