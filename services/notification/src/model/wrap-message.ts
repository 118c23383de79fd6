import { escapeHtml } from "./template-syntax.ts";

interface Frame {
  readonly locale: string;
  readonly unsubscribeUrl?: string | undefined;
}

const footers: Readonly<Record<string, { readonly signature: string; readonly unsubscribe: string }>> = {
  en: { signature: "Your Tandem team", unsubscribe: "No more offers by e-mail" },
  de: { signature: "Ihr Tandem-Team", unsubscribe: "Keine Angebote mehr per E-Mail" },
};
const footerOf = (locale: string) =>
  footers[locale.split("-")[0] ?? ""] ?? footers["en"] ?? { signature: "", unsubscribe: "" };

/** What every mail ends with. Not part of the templates: nobody can forget the way out of marketing. */
export const wrapText = (body: string, { locale, unsubscribeUrl }: Frame): string => {
  const { signature, unsubscribe } = footerOf(locale);
  return `${body.trim().replace(/\n{3,}/g, "\n\n")}\n\n${signature}\n${unsubscribeUrl ? `\n${unsubscribe}: ${unsubscribeUrl}\n` : ""}`;
};

export const wrapHtml = (
  body: string,
  { locale, unsubscribeUrl, subject }: Frame & { readonly subject: string },
): string => {
  const { signature, unsubscribe } = footerOf(locale);
  const way = unsubscribeUrl ? `<p><a href="${escapeHtml(unsubscribeUrl)}">${escapeHtml(unsubscribe)}</a></p>` : "";
  return [
    `<!doctype html><html lang="${escapeHtml(locale)}"><head><meta charset="utf-8"><title>${escapeHtml(subject)}</title></head>`,
    `<body style="font:16px/1.5 sans-serif;color:#222;max-width:40em;margin:0 auto;padding:1em">${body.trim()}`,
    `<p>${escapeHtml(signature)}</p>${way}</body></html>`,
  ].join("");
};
