import { RequestFault } from "./fault.ts";

const grpcUnits: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 0.001, n: 0.000_001 };

/** A Node timer that is set for longer fires at once. */
const longestTimerMs = 0x7fffffff;

const parsers: readonly (readonly [header: string, parse: (text: string) => number | undefined])[] = [
  ["connect-timeout-ms", (text) => (/^\d{1,10}$/.test(text) ? Number(text) : undefined)],
  [
    "grpc-timeout",
    (text) => {
      const [, amount, unit = ""] = /^(\d{1,8})([HMSmun])$/.exec(text) ?? [];
      return amount === undefined ? undefined : Number(amount) * (grpcUnits[unit] ?? Number.NaN);
    },
  ],
  ["request-timeout", (text) => (/^\d{1,7}(\.\d{1,6})?$/.test(text) ? Number(text) * 1000 : undefined)],
];

/**
 * The caller's deadline: the smallest of `Connect-Timeout-Ms` (milliseconds), `Grpc-Timeout` (gRPC's format) and `Request-Timeout`
 * (seconds, decimals allowed), in whole milliseconds, at most 24 days; undefined when none is given.
 * @throws RequestFault malformed_timeout
 */
export const readTimeoutMs = (headers: Headers): number | undefined => {
  let least: number | undefined;
  for (const [header, parse] of parsers) {
    const text = headers.get(header);
    if (text === null) continue;
    const timeoutMs = parse(text);
    if (timeoutMs === undefined)
      throw new RequestFault("malformed_timeout", `header ${header} is malformed: "${text.slice(0, 50)}"`);
    least = Math.min(least ?? timeoutMs, timeoutMs);
  }
  return least === undefined ? undefined : Math.min(Math.ceil(least), longestTimerMs);
};
