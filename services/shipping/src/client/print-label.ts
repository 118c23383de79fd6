import { createRequire } from "node:module";
import type { LabelPrinter } from "../biz/ports.ts";
import type { Address } from "../model/address.ts";
import { encodeCode128 } from "../model/code-128.ts";
import type { Shipment } from "../model/shipment.ts";

/** Points: 105 x 148 mm. */
const A6: [number, number] = [297.64, 419.53];
const MARGIN = 17;
const WIDTH = A6[0] - 2 * MARGIN;
/** White on both sides of the bars, as scanners need it. */
const QUIET_MODULES = 10;
const BARCODE_HEIGHT = 62;
const MIN_SIZE = 5;
/** Stands for a character that the label's font does not have. */
const MISSING = "\u25a1";

/** A font of fontkit is one of pdfkit's sources; its types know of files only. */
type FontSource = PDFKit.Mixins.PDFFontSource;

// Renderer and fonts are loaded for the first label, not at every start, and read once: parsing them is most of the work.
const load = async () => {
  const [{ default: PdfDocument }, { openSync }] = await Promise.all([import("pdfkit"), import("fontkit")]);
  const require = createRequire(import.meta.url);
  const regular = openSync(require.resolve("dejavu-fonts-ttf/ttf/DejaVuSans.ttf"));
  const bold = openSync(require.resolve("dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf"));
  const has = (codePoint: number): boolean => "hasGlyphForCodePoint" in bold && bold.hasGlyphForCodePoint(codePoint);
  return {
    PdfDocument,
    // fontkit keeps a glyph with the character that it was first asked for. Alphabets share glyphs: without this, whoever copies a Latin T out
    // of a label would get the Cyrillic one of the label before.
    forgetGlyphs: () => {
      for (const font of [regular, bold]) if ("_glyphs" in font) font._glyphs = {};
    },
    regular: regular as unknown as FontSource,
    bold: bold as unknown as FontSource,
    has,
  };
};

type Loaded = Awaited<ReturnType<typeof load>>;

/**
 * The text as the label can show it. The embedded font (DejaVu Sans) has Latin, Greek, Cyrillic, Armenian, Hebrew, Arabic and more; what it
 * has not, Chinese or emoji, becomes an empty box, and the label says so: a carrier reads the address from the booking then.
 */
export const printable = (text: string, has: (codePoint: number) => boolean): { text: string; complete: boolean } => {
  let complete = true;
  const shown = [...text.normalize("NFC")].map((character) => {
    if (/\p{Cc}|\p{Cf}/u.test(character)) return "";
    if (has(character.codePointAt(0) ?? 0)) return character;
    complete = false;
    return MISSING;
  });
  return { text: shown.join(""), complete };
};

const linesOf = ({ recipient, line1, line2, postalCode, city, region, countryCode }: Address): string[] =>
  [recipient, line1, line2, `${postalCode} ${city}`.trim(), region, countryCode].filter((line) => line !== "");

const groupsOfFour = (text: string): string => text.replaceAll(/(.{4})(?=.)/g, "$1 ");

const render = ({ PdfDocument, regular, bold, has, forgetGlyphs }: Loaded, shipment: Shipment): Promise<Uint8Array> => {
  forgetGlyphs();
  const { carrier, carrierService, trackingNumber, routingCode, weightGrams, sender, recipient, kind } = shipment;
  const document = new PdfDocument({
    size: A6,
    margin: 0,
    font: regular as string,
    info: { Title: `Label ${trackingNumber}`, Author: "Tandem", CreationDate: shipment.createdAt },
    lang: "en",
  });
  const chunks: Uint8Array[] = [];
  const finished = new Promise<Uint8Array>((resolve, reject) => {
    document.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    document.on("end", () => resolve(Buffer.concat(chunks)));
    document.on("error", reject);
  });

  let complete = true;
  const write = (
    text: string,
    y: number,
    size: number,
    font = regular,
    align: "left" | "right" | "center" = "left",
  ) => {
    const shown = printable(text, has);
    complete &&= shown.complete;
    // A long line gets smaller before it gets shorter.
    const share = WIDTH / document.font(font).fontSize(size).widthOfString(shown.text);
    document
      .fontSize(Math.max(Math.min(size, size * share * 0.99), MIN_SIZE))
      .text(shown.text, MARGIN, y, { width: WIDTH, height: size * 1.3, ellipsis: true, lineBreak: false, align });
  };
  const rule = (y: number) =>
    document
      .lineWidth(0.7)
      .moveTo(MARGIN, y)
      .lineTo(MARGIN + WIDTH, y)
      .stroke();

  write(`${carrier.toUpperCase()} ${carrierService}`, 18, 15, bold);
  write(routingCode, 18, 15, bold, "right");
  rule(42);
  write(kind === "RETURN" ? "Return from" : "From", 48, 6);
  for (const [index, line] of linesOf(sender).entries()) write(line, 57 + index * 10, 7.5);
  rule(122);
  write("To", 128, 7);
  for (const [index, line] of linesOf(recipient).entries()) write(line, 139 + index * 18, index === 0 ? 14 : 13, bold);
  rule(262);
  write(
    [
      weightGrams > 0 ? `${(weightGrams / 1_000).toFixed(1)} kg` : "",
      `${shipment.lines.reduce((sum, { quantity }) => sum + quantity, 0)} pcs`,
      `ref ${(shipment.fulfillmentId ?? shipment.returnId ?? shipment.id).slice(-12)}`,
    ]
      .filter(Boolean)
      .join("   "),
    268,
    8,
  );

  const widths = encodeCode128(trackingNumber);
  const modules = widths.reduce((sum, width) => sum + width, 0);
  const module = WIDTH / (modules + 2 * QUIET_MODULES);
  let x = MARGIN + QUIET_MODULES * module;
  widths.forEach((width, index) => {
    if (index % 2 === 0) document.rect(x, 290, width * module, BARCODE_HEIGHT);
    x += width * module;
  });
  document.fill("#000000");
  write(groupsOfFour(trackingNumber), 358, 11, bold, "center");
  if (!complete)
    write(`${MISSING} not in the label's font: the booking has the address in full`, 384, 6.5, regular, "center");
  document.end();
  return finished;
};

/** Labels as A6 PDF, with the tracking number as Code 128. */
export const createLabelPrinter = (): LabelPrinter => {
  let loaded: Promise<Loaded> | undefined;
  return {
    async print(shipment) {
      loaded ??= load();
      return render(await loaded, shipment);
    },
  };
};
