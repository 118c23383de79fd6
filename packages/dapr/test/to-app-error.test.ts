import { Code, ConnectError } from "@connectrpc/connect";
import { AppError } from "@tandem/kernel";
import { describe, expect, it } from "vitest";
import { toAppError } from "../src/to-app-error.ts";

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
    expect(toAppError(new ConnectError("what", code), "publish")).toMatchObject({
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
    expect(toAppError(new ConnectError(message, code), "state_set")).toMatchObject({
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
    expect(toAppError(new ConnectError(message, Code.InvalidArgument), "x")).toMatchObject({
      kind: "unavailable",
      retryable: true,
      code: "dapr.component_missing",
    });
  });

  it("leaves an AppError alone", () => {
    const error = new AppError("not_found", "a.b", "c");
    expect(toAppError(error, "x")).toBe(error);
  });
});
