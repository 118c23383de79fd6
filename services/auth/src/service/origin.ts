import type { HandlerContext } from "@connectrpc/connect";
import { callOf, createTokenBuckets } from "@tandem/rpc";
import type { Origin } from "../model/auth-events.ts";
import { tooManyAttempts } from "../model/errors.ts";

const MAX_AGENT_CHARS = 200;

export const originOf = (context: HandlerContext): Origin => ({
  ip: callOf(context).peer,
  userAgent: [...(context.requestHeader.get("user-agent") ?? "")]
    .filter((char) => char >= " " && char !== "\u007f")
    .slice(0, MAX_AGENT_CHARS)
    .join(""),
});

/** Attempts per address of the network, in this process. @throws AppError `auth.too_many_attempts` */
export const limitAttempts = (perMinute: number): ((context: HandlerContext) => void) => {
  const buckets = createTokenBuckets();
  return (context) => {
    const rate = { perSecond: perMinute / 60, burst: perMinute };
    const { allowed, resetMs } = buckets.take(networkOf(callOf(context).peer), rate, performance.now());
    if (!allowed) throw tooManyAttempts(Math.max(1, Math.ceil(resetMs / 1000)));
  };
};

/** Whoever has an IPv6 address has 2^64 of them. */
const networkOf = (address: string): string => {
  if (!address.includes(":") || address.includes(".")) return address;
  const [head = "", tail] = address.split("::");
  const groups = head.split(":");
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(":").length;
  return [...groups, ...Array.from({ length: Math.max(0, missing) }, () => "0"), ...(tail?.split(":") ?? [])]
    .slice(0, 4)
    .join(":");
};
