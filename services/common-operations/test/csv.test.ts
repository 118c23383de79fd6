import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { csvTables } from "../src/data/csv/tables.ts";

const SHAPE = { required: ["sku", "name"], optional: ["note"], prefix: "attribute.", maxRows: 50 };
const bytes = (text: string) => new TextEncoder().encode(text);
async function* cut(data: Uint8Array, size: number) {
  for (let at = 0; at < data.byteLength; at += size) yield data.subarray(at, at + size);
}
const read = async (content: string | Uint8Array, size = 7) => {
  const rows: { line: number; cells: Record<string, string>; fault?: unknown }[] = [];
  const data = typeof content === "string" ? bytes(content) : content;
  for await (const { line, cells, fault } of csvTables.read(cut(data, size), SHAPE))
    rows.push({ line, cells: Object.fromEntries(cells), ...(fault ? { fault } : {}) });
  return rows;
};
const refusal = async (content: string | Uint8Array) => {
  const error = await read(content).then(
    () => undefined,
    (caught: { code: string; details: { field: string; message: string }[] }) => caught,
  );
  expect(error?.code).toBe("file.invalid");
  return `${error?.details[0]?.field}: ${error?.details[0]?.message}`;
};

describe("a table", () => {
  it("is read with its lines, whatever its line breaks, delimiter, mark and case", async () => {
    const expected = [
      { line: 2, cells: { sku: "A", name: "Über" } },
      { line: 3, cells: { sku: "B", name: "two, words" } },
    ];
    for (const eol of ["\n", "\r\n"]) {
      expect(await read(`\ufeffSKU, Name${eol}A,Über${eol}B,"two, words"${eol}`)).toEqual(expected);
      for (const size of [1, 2, 3, 1_000])
        expect(await read(`sku;name${eol}A;Über${eol}B;"two, words"`, size)).toEqual(expected);
    }
    expect(await read("sku,name,Attribute.Colour\nA,x,red")).toMatchObject([{ cells: { "attribute.colour": "red" } }]);
  });

  it("has one delimiter: the other one is a character like any", async () => {
    expect(await read("sku,name\nA,x;y")).toEqual([{ line: 2, cells: { sku: "A", name: "x;y" } }]);
    expect(await read("sku;name\nA;x,y", 1)).toEqual([{ line: 2, cells: { sku: "A", name: "x,y" } }]);
  });

  it("counts lines within cells, and empty ones between rows", async () => {
    const rows = await read('sku,name\nA,"one\ntwo"\n\nB,x\n');
    expect(rows.map(({ line }) => line)).toEqual([2, 5]);
  });

  it("tells of a row with too many or too few cells, and goes on", async () => {
    expect(await read("sku,name\nA\nB,x,y\nC,z")).toMatchObject([
      { line: 2, fault: { column: 2, message: "has 1 cells, not 2" } },
      { line: 3, fault: { column: 3 } },
      { line: 4, cells: { sku: "C" } },
    ]);
  });

  it("that is none is refused with line and column", async () => {
    expect(await refusal("")).toBe("line 1: it is empty");
    expect(await refusal("sku\nA")).toBe("line 1: the column name is missing");
    expect(await refusal("sku,name,SKU\nA,b,c")).toBe('line 1, column 3: the column "sku" is there twice');
    expect(await refusal("sku,name,price\nA,b,c")).toBe('line 1, column 3: there is no column "price"');
    expect(await refusal("sku,name,attribute.\nA,b,c")).toContain("line 1, column 3");
    expect(await refusal('sku,name\nA,b\nC,"never closed\nD,e\n')).toContain("a quote is opened and never closed");
    expect(await refusal('sku,name\nA,"b"c\n')).toContain("line 2, column 2: something follows a closing quote");
    expect(await refusal('sku,name\nA,b"c\n')).toContain("there is a quote in the middle of a cell");
    expect(await refusal(`sku,name\nA,b\nC,${"x".repeat(70_000)}\n`)).toContain("a row has more than 65536");
    expect(await refusal(`sku,name\n${"A,b\n".repeat(51)}`)).toBe("line 52: there are more than 50 rows");
    expect(await refusal("sku,name\nA,b\nC,\0\n")).toBe("line 3: there is a NUL character");
  });

  it("in another encoding is refused with the line", async () => {
    const latin1 = Uint8Array.from([...bytes("sku,name\nA,b\nC,"), 0xfc, ...bytes("x\n")]);
    expect(await refusal(latin1)).toBe("line 3: it is not UTF-8");
    expect(await refusal(Uint8Array.from([...bytes("sku,name\nA,"), 0xc3]))).toBe("line 2: it is not UTF-8");
    expect(await refusal(Uint8Array.from([0xff, 0xfe, 0x73, 0x00]))).toBe("line 1: it is not UTF-8");
    expect(await refusal(Uint8Array.from({ length: 300 }, (_, n) => (n * 37) % 256))).toContain("line");
  });

  it("that was written is read as it was, but for formulas, which are none any more", async () => {
    const cell = fc.string({ unit: "grapheme", maxLength: 20 }).filter((text) => !text.includes("\0"));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 20 }),
        fc.nat(50),
        async (rows, cutAt) => {
          const written = csvTables.write([["sku", "name"], ...rows]);
          const back = (await read(written, cutAt + 1)).map(({ cells }) => [cells["sku"], cells["name"]]);
          expect(back.length).toBe(rows.length);
          for (const [at, row] of rows.entries())
            for (const [column, text] of row.entries()) {
              const shown = back[at]?.[column] ?? "";
              expect(/^[=+\-@\t\r]/.test(shown)).toBe(false);
              expect([text, `'${text}`]).toContain(shown);
            }
        },
      ),
      { numRuns: 200 },
    );
  });

  it("of no rows is nothing", () => {
    expect(csvTables.write([])).toHaveLength(0);
  });
});
