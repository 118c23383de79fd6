import { RequestFault } from "./fault.ts";

export type BodySource = Uint8Array | AsyncIterable<Uint8Array> | undefined;

const tooLarge = (maxBytes: number) => new RequestFault("body_too_large", `the body is larger than ${maxBytes} bytes`);

/** True when the headers announce a body, so that none has to be read to know. */
export const announcesBody = (headers: Headers, body: BodySource): boolean => {
  if (body === undefined) return false;
  if (body instanceof Uint8Array) return body.byteLength > 0;
  const length = headers.get("content-length");
  return length === null ? headers.has("transfer-encoding") : length !== "0";
};

/** Reads the whole body. @throws RequestFault body_too_large as soon as the limit is passed, or by the announced length */
export const readBody = async (headers: Headers, body: BodySource, maxBytes: number): Promise<Uint8Array> => {
  if (Number(headers.get("content-length") ?? 0) > maxBytes) throw tooLarge(maxBytes);
  if (body === undefined) return new Uint8Array();
  if (body instanceof Uint8Array) {
    if (body.byteLength > maxBytes) throw tooLarge(maxBytes);
    return body;
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  if (chunks.length === 1 && chunks[0] !== undefined) return chunks[0];
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
};

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

export const textOf = (bytes: Uint8Array): string => {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    throw new RequestFault("malformed_json", "the body is not UTF-8");
  }
};

/** @throws RequestFault unsupported_media_type unless the body is plain JSON in UTF-8 (no Content-Type counts as JSON) */
export const requireJson = (headers: Headers): void => {
  const type = headers.get("content-type");
  if (type === null || type === "application/json") return;
  const [mime = "", ...parameters] = type
    .toLowerCase()
    .split(";")
    .map((part) => part.trim());
  const charset = parameters
    .find((parameter) => parameter.startsWith("charset="))
    ?.slice(8)
    .replaceAll('"', "");
  const json = /^application\/(?:[\w.-]+\+)?json$/.test(mime);
  if (!json || (charset !== undefined && charset !== "utf-8" && charset !== "utf8")) {
    throw new RequestFault(
      "unsupported_media_type",
      `content type "${type.slice(0, 100)}" is not supported; send application/json`,
    );
  }
};

/** @throws RequestFault unsupported_media_type for a compressed body: decompress it in front of the transcoder */
export const requireIdentity = (headers: Headers): void => {
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding !== "" && encoding !== "identity") {
    throw new RequestFault("unsupported_media_type", `content encoding "${encoding.slice(0, 50)}" is not supported`);
  }
};
