export interface SplitUrl {
  readonly path: string;
  /** Without "?". */
  readonly query: string;
}

/** Path and query, still percent-encoded, of a request target or an absolute URL. */
export const splitUrl = (url: string): SplitUrl => {
  const from = url.startsWith("/") ? 0 : url.indexOf("/", url.indexOf("://") + 3);
  const plain = from < 0 ? "/" : (url.slice(from).split("#", 1)[0] ?? "/");
  const mark = plain.indexOf("?");
  return mark < 0 ? { path: plain, query: "" } : { path: plain.slice(0, mark), query: plain.slice(mark + 1) };
};

/** What handlers see as the request's URL; a Host header that makes no URL is left out. */
export const absoluteUrl = (url: string, headers: Headers): string => {
  if (!url.startsWith("/")) return url;
  const whole = `http://${headers.get("host") ?? "localhost"}${url}`;
  return URL.canParse(whole) ? whole : `http://localhost${url}`;
};
