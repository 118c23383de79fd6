import { isId } from "@tandem/kernel";
import type { Category, Channel } from "./channel.ts";
import { templateInvalid, variableMissing } from "./errors.ts";
import { fallbackChain, formatLocale } from "./locale.ts";
import {
  checkNames,
  escapeHtml,
  type Names,
  type Node,
  parseTemplate,
  renderNodes,
  type View,
} from "./template-syntax.ts";
import { wrapHtml, wrapText } from "./wrap-message.ts";

/** `secret`: named by an id here, and put in when the message goes out ({@link secretMark}). */
export type VariableKind = "text" | "money" | "number" | "date" | "time" | "url" | "secret";

/** The variables of a template; of a list, those of its items. */
export interface VariableKinds {
  readonly [name: string]: VariableKind | VariableKinds;
}

/** As stored beside a message: JSON. Money is `{ currency, minor }` with digits, a date an ISO text. */
export type Value = string | number | { readonly currency: string; readonly minor: string } | readonly Values[];
export interface Values {
  readonly [name: string]: Value;
}

export interface TemplateTexts {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** Needed when the template goes by SMS. */
  readonly sms?: string;
}

export interface TemplateDefinition {
  readonly name: string;
  readonly category: Category;
  /** Sent in quiet hours too. */
  readonly urgent: boolean;
  readonly channels: readonly Channel[];
  readonly variables: VariableKinds;
  /** Invented values, for previews and to try out what staff writes. */
  readonly sample: Values;
  /** By locale; `en` is always there. */
  readonly texts: Readonly<Record<string, TemplateTexts>>;
}

export interface RenderedTemplate {
  /** The locale of the text that was found. */
  readonly locale: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly sms: string;
}

export interface RenderContext {
  /** The customer's. */
  readonly locale: string;
  readonly timeZone: string;
  readonly customerName: string;
  /** Marketing only. */
  readonly unsubscribeUrl?: string | undefined;
  /** Staff's texts, by locale: they come before the built-in one of the same locale. */
  readonly overrides?: ReadonlyMap<string, TemplateTexts>;
}

/**
 * Writes a message in the closest locale that there is a text for.
 * @throws AppError `notification.variable_missing`, `notification.template_invalid`
 */
export const renderTemplate = (
  template: TemplateDefinition,
  values: Values,
  context: RenderContext,
): RenderedTemplate => {
  const { locale, texts } = textsFor(template, context);
  const format = { locale: formatLocale(context.locale, locale), timeZone: context.timeZone };
  const view = { ...viewOf(template.variables, values, format), customerName: oneLine(context.customerName) };
  const render = (field: keyof TemplateTexts, write: (text: string) => string) =>
    renderNodes(parsed(field, texts[field] ?? ""), [view], write);
  const plain = (text: string) => text;
  const subject = oneLine(render("subject", plain));
  return {
    locale,
    subject,
    text: wrapText(render("text", plain), { locale, unsubscribeUrl: context.unsubscribeUrl }),
    html: wrapHtml(render("html", escapeHtml), { locale, subject, unsubscribeUrl: context.unsubscribeUrl }),
    sms: oneLine(render("sms", plain)),
  };
};

/** @throws AppError `notification.template_invalid`: what does not render with the sample is not stored */
export const checkTexts = (template: TemplateDefinition, locale: string, texts: TemplateTexts): void => {
  const names: Names = { ...namesOf(template.variables), customerName: true };
  for (const field of ["subject", "text", "html", "sms"] as const) {
    checkNames(field, parseTemplate(field, texts[field] ?? ""), [names]);
  }
  if (template.channels.includes("SMS") && !texts.sms) throw templateInvalid("sms", "the template is sent by SMS too");
  if (/[\r\n]/.test(texts.subject)) throw templateInvalid("subject", "a subject is one line");
  const overrides = new Map([[locale, texts]]);
  renderTemplate(template, template.sample, { locale, timeZone: "UTC", customerName: "Ada Example", overrides });
};

const textsFor = (template: TemplateDefinition, { locale, overrides }: RenderContext) => {
  for (const one of fallbackChain(locale)) {
    const texts = overrides?.get(one) ?? template.texts[one];
    if (texts) return { locale: one, texts };
  }
  throw templateInvalid("locale", `${template.name} is not written in any language`);
};

// Texts are few and the same: parsed once. Staff's texts come and go, so the oldest are forgotten.
const cache = new Map<string, readonly Node[]>();
const parsed = (field: string, source: string): readonly Node[] => {
  const known = cache.get(source);
  if (known) return known;
  const nodes = parseTemplate(field, source);
  if (cache.size >= 500) cache.delete(cache.keys().next().value ?? "");
  cache.set(source, nodes);
  return nodes;
};

const namesOf = (kinds: VariableKinds): Names =>
  Object.fromEntries(
    Object.entries(kinds).map(([name, kind]) => [name, typeof kind === "string" ? true : namesOf(kind)]),
  );

interface Format {
  readonly locale: string;
  readonly timeZone: string;
}

/** Values as they are printed. Only what the template declares: a message never shows what happens to lie beside it. */
const viewOf = (kinds: VariableKinds, values: Values, format: Format): View =>
  Object.fromEntries(
    Object.entries(kinds).map(([name, kind]) => {
      const value = Object.hasOwn(values, name) ? values[name] : undefined;
      if (value === undefined) throw variableMissing(name);
      if (typeof kind === "string") return [name, print(name, kind, value, format)];
      if (!Array.isArray(value)) throw variableMissing(name, "it is no list");
      return [name, (value as readonly Values[]).map((item) => viewOf(kind, item, format))];
    }),
  );

const print = (name: string, kind: VariableKind, value: Value, { locale, timeZone }: Format): string => {
  switch (kind) {
    case "money": {
      if (typeof value !== "object" || !("currency" in value)) throw variableMissing(name, "it is no amount");
      return printMoney(value, locale);
    }
    case "number":
      if (typeof value !== "number") throw variableMissing(name, "it is no number");
      return numberFormat(locale).format(value);
    case "date":
    case "time": {
      const at = new Date(typeof value === "string" ? value : Number.NaN);
      if (Number.isNaN(at.getTime())) throw variableMissing(name, "it is no date");
      return dateFormat(locale, kind, timeZone).format(at);
    }
    case "url":
      if (typeof value !== "string" || (value !== "" && !/^https?:\/\/[^\s"'<>]+$/.test(value)))
        throw variableMissing(name, "it is no web address");
      return value;
    case "text":
      if (typeof value !== "string") throw variableMissing(name, "it is no text");
      return oneLine(value);
    case "secret":
      if (typeof value !== "string" || !isId(value)) throw variableMissing(name, "it is no id");
      return secretMark(value);
  }
};

// Making a formatter takes ten times as long as using it. Locales, currencies and zones are few; who sends nonsense makes no new ones.
const formats = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>();
const kept = <F extends Intl.NumberFormat | Intl.DateTimeFormat>(key: string, make: () => F): F => {
  const known = formats.get(key);
  if (known) return known as F;
  if (formats.size >= 500) formats.clear();
  const made = make();
  formats.set(key, made);
  return made;
};

const numberFormat = (locale: string, currency?: string): Intl.NumberFormat =>
  kept(`number ${locale} ${currency}`, () =>
    currency ? new Intl.NumberFormat(locale, { style: "currency", currency }) : new Intl.NumberFormat(locale),
  );

const dateFormat = (locale: string, kind: "date" | "time", timeZone: string): Intl.DateTimeFormat =>
  kept(`${kind} ${locale} ${timeZone}`, () => {
    const timeStyle = kind === "time" ? { timeStyle: "short" as const } : {};
    return new Intl.DateTimeFormat(locale, { dateStyle: "long", ...timeStyle, timeZone });
  });

/** Exactly, however large: the digits are shifted, not divided. */
const printMoney = (
  { currency, minor }: { readonly currency: string; readonly minor: string },
  locale: string,
): string => {
  if (!/^[A-Z]{3}$/.test(currency) || !/^-?\d+$/.test(minor)) throw variableMissing("money", "it is no amount");
  const format = numberFormat(locale, currency);
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  const sign = minor.startsWith("-") ? "-" : "";
  const padded = minor.replace("-", "").padStart(digits + 1, "0");
  const whole = padded.slice(0, padded.length - digits);
  const fraction = padded.slice(padded.length - digits);
  return format.format(`${sign}${whole}${fraction ? `.${fraction}` : ""}` as `${number}`);
};

/** Stands in a written message where its secret goes: what is stored, listed and resent never has it. */
export const secretMark = (id: string): string => `[[${id}]]`;

/** The id of the secret that the message carries; undefined when it carries none. */
export const secretOf = ({ variables }: Pick<TemplateDefinition, "variables">, values: Values): string | undefined => {
  const name = Object.keys(variables).find((one) => variables[one] === "secret");
  const id = name === undefined ? undefined : values[name];
  return typeof id === "string" ? id : undefined;
};

/** A name with a line break must not begin a header or a line of its own. */
const oneLine = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();
