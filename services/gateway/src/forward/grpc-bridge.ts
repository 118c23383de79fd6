import type { Http2ServerResponse } from "node:http2";
import { Transform, type TransformCallback } from "node:stream";

// The contexts speak gRPC-Web on the port that sidecars invoke. It is gRPC with its trailers in a last frame of the body: frame by
// frame the same bytes, so passing gRPC on takes no decoding, and any gRPC client reaches every context through HTTP/1.1 sidecars.

/** `application/grpc+proto` as `application/grpc-web+proto`. */
export const toGrpcWebType = (contentType: string): string =>
  contentType.replace(/^application\/grpc(?=$|[+;])/, "application/grpc-web");
export const toGrpcType = (contentType: string): string =>
  contentType.replace(/^application\/grpc-web(?=$|[+;])/, "application/grpc");

const HEAD_BYTES = 5;
const TRAILER_FLAG = 0x80;
const MAX_TRAILER_BYTES = 65_536;

/**
 * Messages pass as they are; the last frame becomes the HTTP/2 trailers.
 * @throws Error for a body that ends before its trailers: its caller must not take it for complete
 */
export const createTrailerSplit = (onTrailers: (trailers: Record<string, string>) => void): Transform => {
  let held: Buffer = Buffer.alloc(0);
  /** Bytes of the current message that are still to come. */
  let passing = 0;
  let trailers: Buffer | undefined;
  let missing = 0;

  const step = (push: (chunk: Buffer) => void): boolean => {
    if (held.length === 0) return false;
    if (passing > 0) {
      const part = held.subarray(0, passing);
      push(part);
      passing -= part.length;
      held = held.subarray(part.length);
      return true;
    }
    if (trailers !== undefined) {
      const part = held.subarray(0, missing);
      trailers = Buffer.concat([trailers, part]);
      missing -= part.length;
      held = held.subarray(part.length);
      return true;
    }
    if (held.length < HEAD_BYTES) return false;
    const length = held.readUInt32BE(1);
    if (((held[0] as number) & TRAILER_FLAG) === 0) {
      passing = HEAD_BYTES + length;
      return true;
    }
    if (length > MAX_TRAILER_BYTES) throw new Error("trailers are too large");
    trailers = Buffer.alloc(0);
    missing = length;
    held = held.subarray(HEAD_BYTES);
    return true;
  };

  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      try {
        while (step((part) => this.push(part)));
        done();
      } catch (error) {
        done(error as Error);
      }
    },
    flush(done: TransformCallback) {
      if (trailers === undefined || missing > 0) return done(new Error("the answer broke off"));
      onTrailers(parseTrailers(trailers.toString("latin1")));
      done();
    },
  });
};

const parseTrailers = (text: string): Record<string, string> => {
  const trailers: Record<string, string> = {};
  for (const line of text.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) trailers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  return trailers;
};

/** Ends a gRPC answer that has begun. */
export const setTrailers = (response: Http2ServerResponse, trailers: Record<string, string>): void => {
  response.addTrailers(trailers);
};
