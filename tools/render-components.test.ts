import { describe, expect, it } from "vitest";
import { readAll, readContextsPage, renderAll, renderContextsPage } from "./render-components.ts";

describe("components/", () => {
  it("holds what contracts and workers say (else: `npm run components`)", async () => {
    expect(await readAll()).toEqual(await renderAll());
  });
});

describe("docs/contexts.md", () => {
  it("says what contracts and workers say (else: `npm run components`)", async () => {
    expect(await readContextsPage()).toBe(await renderContextsPage());
  });
});
