import { describe, expect, it } from "vitest";
import { AppError, type ErrorKind, isAppError } from "../src/index.ts";

describe("AppError", () => {
  it.each<[ErrorKind, boolean]>([
    ["invalid_argument", false],
    ["unauthenticated", false],
    ["permission_denied", false],
    ["not_found", false],
    ["already_exists", false],
    ["conflict", true],
    ["failed_precondition", false],
    ["resource_exhausted", true],
    ["deadline_exceeded", true],
    ["unavailable", true],
    ["cancelled", false],
    ["unimplemented", false],
    ["internal", false],
  ])("%s is worth a retry: %s, unless it says otherwise", (kind, retryable) => {
    expect(new AppError(kind, "test.code", "text").retryable).toBe(retryable);
    expect(new AppError(kind, "test.code", "text", { retryable: !retryable }).retryable).toBe(!retryable);
  });

  it("keeps its cause, and has none when none was given", () => {
    const cause = new Error("inside");
    expect(new AppError("internal", "test.code", "text", { cause }).cause).toBe(cause);
    expect("cause" in new AppError("internal", "test.code", "text")).toBe(false);
  });

  it("is told from other errors, and by its code", () => {
    const error = new AppError("not_found", "order.not_found", "text");
    expect(isAppError(error)).toBe(true);
    expect(isAppError(error, "order.not_found")).toBe(true);
    expect(isAppError(error, "order.empty")).toBe(false);
    expect(isAppError(new Error("text"))).toBe(false);
    expect(isAppError(undefined)).toBe(false);
  });
});
