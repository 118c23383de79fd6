import type { ConnectRouterOptions } from "@connectrpc/connect";
import { refuseEarly } from "../chain/refuse-early.ts";
import type { ServerChain } from "../chain/server-chain.ts";
import type { EffectiveLimits } from "./limits.ts";

/**
 * Shorter answers are not compressed, whoever could take it: what fits into a connection's first flight (ten segments of 1,460 bytes, RFC 6928) arrives no
 * sooner, and compressing a page of listings costs a third of a millisecond and a way through the thread pool.
 */
const COMPRESS_MIN_BYTES = 14_600;

/** What holds for every protocol. */
export const connectOptions = (
  chain: ServerChain,
  limits: EffectiveLimits,
  shutdownSignal: AbortSignal,
): ConnectRouterOptions => ({
  interceptors: chain.interceptors,
  requestGate: refuseEarly(chain),
  readMaxBytes: limits.bodyBytes,
  compressMinBytes: COMPRESS_MIN_BYTES,
  // A field that we do not know is a caller's mistake (a typo in an optional field would be silently ignored).
  jsonOptions: { ignoreUnknownFields: false },
  // Not the clamp, which is openCall's: only what a timer can hold. Beyond it Node fires at once.
  maxTimeoutMs: 2_147_483_647,
  shutdownSignal,
});
