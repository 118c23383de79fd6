import { RequestFault } from "./fault.ts";

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RequestFault("malformed_url", `the URL holds a malformed percent escape: "${text}"`);
  }
};

/** One path segment: every escape is decoded, `%2F` included. */
export const decodeSegment = (raw: string): string => (raw.includes("%") ? decode(raw) : raw);

/** Several segments: every escape but `%2F`, which would otherwise look like a separator. */
export const decodeSegments = (raw: string): string =>
  raw.includes("%")
    ? raw
        .split(/(%2[Ff])/)
        .map((part, index) => (index % 2 === 1 ? part : decode(part)))
        .join("")
    : raw;

/** A query's name or value: `+` is a space. */
export const decodeQueryText = (raw: string): string =>
  decodeSegment(raw.includes("+") ? raw.replaceAll("+", " ") : raw);

/** Encodes all but `[-_.~0-9a-zA-Z]`, as http.proto asks of a client. */
export const encodeSegment = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** As `encodeSegment`, and keeps `/`. */
export const encodeSegments = (text: string): string => text.split("/").map(encodeSegment).join("/");
