import { createHash, timingSafeEqual } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import type { RequestHeader } from "./unary-grpc/methods.ts";

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/**
 * Refuses calls that do not carry the app's token: whoever reaches the port could feed the worker forged events otherwise.
 * In constant time, whatever the length. Without a token (a laptop) everybody is let in.
 */
export const createTokenVerifier = (expected: string | undefined): ((header: RequestHeader) => void) => {
  if (expected === undefined || expected === "") return () => undefined;
  const wanted = digest(expected);
  return (header) => {
    if (!timingSafeEqual(wanted, digest(header.get("dapr-api-token") ?? ""))) {
      throw new ConnectError("dapr-api-token is missing or wrong", Code.Unauthenticated);
    }
  };
};
