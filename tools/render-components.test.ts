import { describe, expect, it } from "vitest";
import { readAll, renderAll } from "./render-components.ts";

describe("components/", () => {
  it("holds what contracts and workers say (else: `npm run components`)", async () => {
    expect(await readAll()).toEqual(await renderAll());
  });
});
