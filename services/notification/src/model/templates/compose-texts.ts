import type { TemplateTexts } from "../template.ts";
import { escapeHtml } from "../template-syntax.ts";

/** A paragraph, or a list with a line for each item. */
export type Block = string | { readonly each: string; readonly line: string };

/** One wording for text and HTML, so that the two never say different things. Escapes what is written here; tags stay tags. */
export const composeTexts = (subject: string, blocks: readonly Block[], sms?: string): TemplateTexts => ({
  subject,
  text: blocks
    .map((block) =>
      typeof block === "string" ? block : `{{#${block.each}}}- ${block.line}\n{{/${block.each}}}`.trimEnd(),
    )
    .join("\n\n"),
  html: blocks
    .map((block) =>
      typeof block === "string"
        ? `<p>${escapeHtml(block)}</p>`
        : `<ul>{{#${block.each}}}<li>${escapeHtml(block.line)}</li>{{/${block.each}}}</ul>`,
    )
    .join("\n"),
  ...(sms === undefined ? {} : { sms }),
});

export const helloEn = "Hello{{#customerName}} {{customerName}}{{/customerName}},";
export const helloDe = "Guten Tag{{#customerName}} {{customerName}}{{/customerName}},";
