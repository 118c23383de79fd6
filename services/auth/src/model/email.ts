import { isAppError } from "@tandem/kernel";
import { emailInvalid } from "./errors.ts";

const LOCAL = /^[^\s@"(),:;<>[\\\]\p{Cc}]{1,64}$/u;
// What a URL would read as something else than its host.
const NO_HOST = /[\s/?#:@%<>^|\\[\]]/;
// The last label is a name: numbers alone are an address of a machine.
const DOMAIN =
  /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\.[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

export interface Email {
  /** As it is shown and written to. */
  readonly address: string;
  /** As it is compared: two people never share one. */
  readonly key: string;
}

/**
 * Writes an address down in one way: no spaces around it, Unicode composed (NFKC), the domain in lower case ASCII; compared without case. Strictly
 * the local part has case; no provider in use honours it, and `Ada@` beside `ada@` serves impostors only.
 * @throws AppError `auth.email_invalid`
 */
export const normalizeEmail = (text: string): Email => {
  const plain = text.normalize("NFKC").trim();
  const at = plain.lastIndexOf("@");
  const local = plain.slice(0, Math.max(0, at));
  const domain = hostOf(plain.slice(at + 1));
  const dotted = local.split(".").every((part) => part.length > 0);
  if (at < 1 || !dotted || !LOCAL.test(local) || !DOMAIN.test(domain)) throw emailInvalid();
  const address = `${local}@${domain}`;
  if (address.length > 254) throw emailInvalid();
  return { address, key: address.toLowerCase() };
};

/** As {@link normalizeEmail} compares it; what is no address is one that nobody has. */
export const keyOfAnything = (text: string): string => {
  try {
    return normalizeEmail(text).key;
  } catch (error) {
    if (!isAppError(error, "auth.email_invalid")) throw error;
    return text.trim().toLowerCase();
  }
};

/** In lower case ASCII (`bücher.example` is `xn--bcher-kva.example`); empty when it is none. */
const hostOf = (text: string): string => {
  const url = `http://${text}`;
  return NO_HOST.test(text) || !URL.canParse(url) ? "" : new URL(url).hostname;
};
