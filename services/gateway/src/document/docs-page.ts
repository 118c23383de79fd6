import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface DocsFile {
  readonly contentType: string;
  readonly body: Buffer;
}

const read = (name: string): Buffer => readFileSync(join(import.meta.dirname, "page", name));

/** A page to read the document and try it: three files of our own (15 KB), nothing from elsewhere, no inline script. */
export const loadDocsPage = (): ReadonlyMap<string, DocsFile> =>
  new Map([
    ["/docs", { contentType: "text/html; charset=utf-8", body: read("index.html") }],
    ["/docs/page.js", { contentType: "text/javascript; charset=utf-8", body: read("page.js") }],
    ["/docs/page.css", { contentType: "text/css; charset=utf-8", body: read("page.css") }],
  ]);

/** What the page needs, and no more: its own files and calls to this door. */
export const docsPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
