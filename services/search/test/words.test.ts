import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { escapeHtml, highlight } from "../src/model/highlight.ts";
import { retryDelayMs, tooManyFailed } from "../src/model/indexing.ts";
import { allowedDistance, distance, isAlike, matches, startDistance, wordsOf } from "../src/model/words.ts";

const wanted = (q: string, fuzzy = false) => ({ words: wordsOf(q), fuzzy, fuzzyStart: false });

describe("words", () => {
  it("are letters and digits in lower case, whatever surrounds them", () => {
    expect(wordsOf("Crème-Brûlée 3.5mm ĐẠI ﬁne №5")).toEqual(["creme", "brulee", "3", "5mm", "đai", "fine", "no5"]);
    expect(wordsOf("' \" \\ & | ! ( ) : * \u0000 <->")).toEqual([]);
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        for (const word of wordsOf(text)) expect(word).toMatch(/^[\p{L}\p{N}]{1,128}$/u);
      }),
    );
  });

  it("are as far apart as the letters to change, and never more than asked for plus one", () => {
    expect([distance("lamp", "lamp", 2), distance("lamp", "lmap", 2), distance("lamp", "lamps", 2)]).toEqual([0, 1, 1]);
    expect(distance("lamp", "stool", 2)).toBeGreaterThan(2);
    expect(startDistance("wierl", "wireless", 1)).toBe(1);
    expect([allowedDistance("ab"), allowedDistance("abcde"), allowedDistance("abcdef")]).toEqual([0, 1, 2]);
    expect(isAlike("lamp", "camp", false)).toBe(false);
    const word = fc.stringMatching(/^[a-c]{1,8}$/);
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(distance(a, b, 9)).toBe(distance(b, a, 9));
        expect(distance(a, b, 9) === 0).toBe(a === b);
        expect(startDistance(a, b, 2)).toBeLessThanOrEqual(Math.max(distance(a, b, 9), 0));
      }),
    );
  });

  it("match when they are the same, begin the same at the end, or are alike when that counts", () => {
    expect(matches(wanted("red lam"), "lamp")).toBe(true);
    expect(matches(wanted("lam red"), "lamp")).toBe(false);
    expect([matches(wanted("lanp"), "lamp"), matches(wanted("lanp", true), "lamp")]).toEqual([false, true]);
  });
});

describe("highlighting", () => {
  it("marks what matched and escapes everything", () => {
    expect(highlight("<b>Red</b> & 'blue'", wanted("red"), { tag: '<mark class="x">' })).toBe(
      '&lt;b&gt;<mark class="x">Red</mark>&lt;/b&gt; &amp; &#39;blue&#39;',
    );
    expect(highlight("Crème", wanted("creme"))).toBe("<em>Crème</em>");
  });

  it("never lets anything of the text through as markup, at any length", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme" }),
        fc.string(),
        fc.integer({ min: 1, max: 50 }),
        (text, q, maxLength) => {
          const html = highlight(`${text}<script>"'&`, wanted(q), { maxLength });
          expect(html.replaceAll("<em>", "").replaceAll("</em>", "")).not.toMatch(/[<>"']/);
          expect(html.isWellFormed() || !text.isWellFormed()).toBe(true);
        },
      ),
    );
  });

  it("loses nothing but markup when it shows all", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, q) => {
        expect(highlight(text, wanted(q)).replaceAll("<em>", "").replaceAll("</em>", "")).toBe(escapeHtml(text));
      }),
    );
  });

  it("shows the piece around the first match", () => {
    const text = `${"before ".repeat(50)}needle ${"after ".repeat(50)}`;
    const html = highlight(text, wanted("needle"), { maxLength: 60 });
    expect(html).toContain("<em>needle</em>");
    expect(html).toMatch(/^….*…$/);
  });
});

describe("what failed", () => {
  it("is tried ever later, and not for ever", () => {
    expect([1, 2, 7].map(retryDelayMs)).toEqual([400, 800, 25_600]);
    expect(retryDelayMs(8)).toBeUndefined();
  });
  it("ends a reindex beyond one percent, but never for one document", () => {
    expect([
      tooManyFailed({ done: 5, failed: 1 }),
      tooManyFailed({ done: 1_000, failed: 10 }),
      tooManyFailed({ done: 1_000, failed: 11 }),
    ]).toEqual([false, false, true]);
  });
});
