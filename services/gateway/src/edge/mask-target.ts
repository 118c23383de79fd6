import { isSecretKey, MASK, maskText } from "@tandem/runtime";

const EMAIL = /[^\s/?&=:,;"'<>]{1,64}(?:@|%40)[^\s/?&=:,;"'<>]{1,255}/gi;
const CARD_TOKEN = /\btok_\w+/g;
const MAX_SHOWN = 300;

/** A path and query as the log may have them: without tokens, passwords, card tokens and e-mail addresses. */
export const maskTarget = (path: string, search: string): string => {
  const pairs = search
    .slice(1)
    .split("&")
    .map((pair) => {
      const at = pair.indexOf("=");
      return at > 0 && isSecretKey(pair.slice(0, at)) ? `${pair.slice(0, at)}=${MASK}` : pair;
    });
  const whole = search === "" ? path : `${path}?${pairs.join("&")}`;
  return maskText(whole.slice(0, MAX_SHOWN)).replace(EMAIL, MASK).replace(CARD_TOKEN, MASK);
};
