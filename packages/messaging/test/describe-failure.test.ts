import { AppError } from "@tandem/kernel";
import { describe, expect, it } from "vitest";
import { describeFailure } from "../src/describe-failure.ts";

const print = (error: unknown, consumer = "order.a") => describeFailure(consumer, error).fingerprint;
const thrown = (message: string) => new Error(message);

describe("the fingerprint of a failure", () => {
  it("is the code of an AppError, whatever its words", () => {
    const one = new AppError("not_found", "order.not_found", "no order 1");
    expect(print(one)).toBe(print(new AppError("not_found", "order.not_found", "there is none")));
    expect(print(one)).not.toBe(print(new AppError("not_found", "order.gone", "no order 1")));
    expect(print(one)).not.toBe(print(one, "order.b"));
  });

  it("is the words of any other error without its ids, numbers and quoted values", () => {
    expect(print(thrown('row 17 of "a" is bad'))).toBe(print(thrown('row 4 of "b" is bad')));
    const ids = ["01890000-0000-7000-8000-000000000000", "01990000-0000-7000-8000-00000000abcd"];
    expect(print(thrown(`no ${ids[0]}`))).toBe(print(thrown(`no ${ids[1]}`)));
    expect(print(thrown("this"))).not.toBe(print(thrown("that")));
  });

  it("tells errors of one wording by where they were thrown, not by the line", () => {
    const here = thrown("bad");
    here.stack = "Error: bad\n    at first (file:///app/a.ts:10:5)\n    at x";
    const moved = thrown("bad");
    moved.stack = "Error: bad\n    at first (file:///app/a.ts:99:1)\n    at y";
    const elsewhere = thrown("bad");
    elsewhere.stack = "Error: bad\n    at second (file:///app/b.ts:10:5)\n    at x";
    expect(print(here)).toBe(print(moved));
    expect(print(here)).not.toBe(print(elsewhere));
  });

  it("copes with what is no error", () => {
    expect(describeFailure("c.d", "text")).toMatchObject({ kind: "internal", code: "Error", message: "text" });
    expect(describeFailure("c.d", undefined).message).toBe("undefined");
    expect(describeFailure("c.d", Object.assign(thrown("x"), { code: "23505" })).code).toBe("Error.23505");
    expect(describeFailure("c.d", thrown("x".repeat(9_000))).message).toHaveLength(2_000);
  });
});
