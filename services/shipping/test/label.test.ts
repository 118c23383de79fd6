import { newId } from "@tandem/kernel";
import { getDocument, OPS } from "pdfjs-dist/legacy/build/pdf.mjs";
import { describe, expect, it } from "vitest";
import { createLabelPrinter, printable } from "../src/client/print-label.ts";
import type { Address } from "../src/model/address.ts";
import type { Shipment } from "../src/model/shipment.ts";
import { decodeCode128 } from "./decode-code-128.ts";

const printer = createLabelPrinter();
const address: Address = {
  recipient: "Ada Park",
  line1: "Lindenstrasse 12",
  line2: "",
  postalCode: "10969",
  city: "Berlin",
  region: "",
  countryCode: "DE",
  phone: "+49 30 123456",
};
const now = new Date("2026-11-21T10:00:00Z");

const labelOf = (over: Partial<Shipment> = {}): Shipment => ({
  id: newId(),
  kind: "FULFILLMENT",
  status: "LABELLED",
  orderId: newId(),
  sellerId: newId(),
  customerId: newId(),
  fulfillmentId: newId(),
  returnId: null,
  lines: [{ productId: newId(), quantity: 2 }],
  sender: { ...address, recipient: "Tandem Logistics" },
  recipient: address,
  weightGrams: 800,
  serviceLevel: "STANDARD",
  carrier: "ox",
  carrierService: "standard",
  price: null,
  trackingNumber: "OX14175542906741DE",
  trackingUrl: "",
  routingCode: "DE-109-STA",
  estimatedDeliveryAt: null,
  refusedBy: [],
  handedOver: false,
  cancelledBy: null,
  erased: false,
  failure: null,
  reason: "",
  createdAt: now,
  updatedAt: now,
  dispatchedAt: null,
  deliveredAt: null,
  version: 4n,
  ...over,
});

/** What somebody who opens the file sees: its size in points, its text, and its filled rectangles from left to right. */
const readPdf = async (pdf: Uint8Array) => {
  const document = await getDocument({ data: new Uint8Array(pdf), verbosity: 0 }).promise;
  const page = await document.getPage(1);
  const text = (await page.getTextContent()).items.map((item) => ("str" in item ? item.str : ""));
  const operators = await page.getOperatorList();
  const bars: { x: number; width: number }[] = [];
  for (const [index, operator] of operators.fnArray.entries()) {
    if (operator !== OPS.constructPath) continue;
    const [paint, [path]] = operators.argsArray[index] as [number, [ArrayLike<number>]];
    if (paint !== OPS.fill) continue;
    // Each bar: move, three lines, close: 0 x y 1 x y 1 x y 1 x y 4.
    const numbers = Array.from(path);
    for (let at = 0; at + 13 <= numbers.length; at += 13) {
      const xs = [1, 4, 7, 10].map((offset) => numbers[at + offset] ?? 0);
      bars.push({ x: Math.min(...xs), width: Math.max(...xs) - Math.min(...xs) });
    }
  }
  const [, , width = 0, height = 0] = page.view;
  const pages = document.numPages;
  await document.loadingTask.destroy();
  return { pages, width, height, text, bars: bars.sort((a, b) => a.x - b.x) };
};

/** As a scanner: widths of bars and gaps in units of the thinnest. */
const scan = (bars: readonly { readonly x: number; readonly width: number }[]): string => {
  const module = Math.min(...bars.map(({ width }) => width));
  const widths: number[] = [];
  for (const [index, bar] of bars.entries()) {
    const before = bars[index - 1];
    if (before) widths.push(Math.round((bar.x - before.x - before.width) / module));
    widths.push(Math.round(bar.width / module));
  }
  return decodeCode128(widths);
};

describe("a label", () => {
  it("is one A6 page with both addresses, the routing code, and the tracking number as text and as bars", async () => {
    const { pages, width, height, text, bars } = await readPdf(await printer.print(labelOf()));
    expect(pages).toBe(1);
    expect(Math.round((width / 72) * 25.4)).toBe(105);
    expect(Math.round((height / 72) * 25.4)).toBe(148);
    for (const line of [
      "OX standard",
      "DE-109-STA",
      "Tandem Logistics",
      "Ada Park",
      "Lindenstrasse 12",
      "10969 Berlin",
    ])
      expect(text).toContain(line);
    expect(text.join("")).toContain("OX14 1755 4290 6741 DE");
    expect(scan(bars)).toBe("OX14175542906741DE");
    // Quiet zones, ten modules each side, within the page.
    const module = Math.min(...bars.map((bar) => bar.width));
    const last = bars.at(-1);
    expect(bars[0]?.x ?? 0).toBeGreaterThan(module * 10);
    expect(width - (last?.x ?? 0) - (last?.width ?? 0)).toBeGreaterThan(module * 10);
    // Thin bars that a common scanner still reads: 0.3 mm and more.
    expect((module / 72) * 25.4).toBeGreaterThan(0.3);
  });

  it("does not show the phone number, and says when it is a return", async () => {
    const { text } = await readPdf(await printer.print(labelOf({ kind: "RETURN", returnId: newId() })));
    expect(text).toContain("Return from");
    expect(text.join(" ")).not.toContain("123456");
  });

  it.each([
    ["Łukasz Żółć", "Łódź"],
    ["Ελένη Παππά", "Αθήνα"],
    ["Наталія Шевченко", "Київ"],
    ["Þórður Ðæåø", "Høje Tåstrup"],
  ])("prints %s as it is written", async (recipient, city) => {
    const { text } = await readPdf(await printer.print(labelOf({ recipient: { ...address, recipient, city } })));
    expect(text).toContain(recipient);
    expect(text).toContain(`10969 ${city}`);
    expect(text.join(" ")).not.toContain("not in the label's font");
  });

  it("prints an empty box for what its font has not, and says so", async () => {
    const { text, bars } = await readPdf(
      await printer.print(labelOf({ recipient: { ...address, recipient: "山田 Taro \u{1f680}" } })),
    );
    expect(text).toContain("\u25a1\u25a1 Taro \u25a1");
    expect(text.join(" ")).toContain("not in the label's font");
    expect(scan(bars)).toBe("OX14175542906741DE");
  });

  it("makes long lines smaller, not the page larger", async () => {
    const recipient = {
      ...address,
      recipient: "Wilhelmina ".repeat(10).trim(),
      line1: "x".repeat(200),
      line2: "y".repeat(200),
    };
    const { pages, text, bars } = await readPdf(await printer.print(labelOf({ recipient })));
    expect(pages).toBe(1);
    expect(text.join(" ")).toContain("10969 Berlin");
    expect(scan(bars)).toBe("OX14175542906741DE");
  });
});

describe("printable text", () => {
  const latin = (codePoint: number) => codePoint < 0x250;
  it("has no control or direction characters, composes accents, and knows when something is missing", () => {
    expect(printable("A\u0000\u202eda\n", latin)).toEqual({ text: "Ada", complete: true });
    expect(printable("e\u0301", latin)).toEqual({ text: "\u00e9", complete: true });
    expect(printable("\u5c71", latin)).toEqual({ text: "\u25a1", complete: false });
  });
});
