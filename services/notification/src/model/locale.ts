/** What every template is written in, and what is tried last. */
export const LAST_LOCALE = "en";

/**
 * The locales to look for a text in, the closest first: `de-AT` gives `de-AT`, `de`, `en`. Nonsense gives `en`.
 */
export const fallbackChain = (locale: string): readonly string[] => {
  const canonical = canonicalLocale(locale);
  const parts = canonical?.split("-") ?? [];
  const chain = parts.map((_, at) => parts.slice(0, parts.length - at).join("-"));
  return [...new Set([...chain, LAST_LOCALE])];
};

/** `de_at` and `DE-at` are `de-AT`; undefined for what is no locale. */
export const canonicalLocale = (locale: string): string | undefined => {
  try {
    return Intl.getCanonicalLocales(locale.replaceAll("_", "-"))[0];
  } catch {
    return undefined;
  }
};

/** What numbers and dates are written by: the customer's own locale where its language is the text's, else the text's. */
export const formatLocale = (wanted: string, text: string): string => {
  const canonical = canonicalLocale(wanted);
  return canonical?.split("-")[0] === text.split("-")[0] && canonical ? canonical : text;
};

/** UTC for a zone that there is not. */
export const validTimeZone = (timeZone: string): string => {
  try {
    return new Intl.DateTimeFormat("en", { timeZone }).resolvedOptions().timeZone;
  } catch {
    return "UTC";
  }
};
