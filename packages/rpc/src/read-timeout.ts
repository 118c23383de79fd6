const grpcUnitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };

/**
 * The timeout that the caller asked for, in milliseconds: `grpc-timeout`, `connect-timeout-ms`, or for REST `request-timeout`
 * in seconds (decimals allowed). Undefined when absent or unreadable: Connect itself refuses malformed protocol headers.
 */
export const readTimeoutMs = (header: Headers): number | undefined => {
  const grpc = /^(\d{1,8})([HMSmun])$/.exec(header.get("grpc-timeout") ?? "");
  if (grpc !== null) return Number(grpc[1]) * (grpcUnitMs[grpc[2] as string] as number);
  const connect = /^\d{1,10}$/.exec(header.get("connect-timeout-ms") ?? "");
  if (connect !== null) return Number(connect[0]);
  const rest = /^\d{1,7}(\.\d{1,6})?$/.exec(header.get("request-timeout") ?? "");
  return rest === null ? undefined : Number(rest[0]) * 1000;
};

/**
 * Cuts timeouts that are longer than `maxMs` where they come in. Connect hands them to a timer before anyone else sees them, and beyond 24 days
 * Node's timers fire at once, with a warning each.
 */
export const clampTimeouts = (headers: Record<string, string | string[] | undefined>, maxMs: number): void => {
  for (const name of ["grpc-timeout", "connect-timeout-ms", "request-timeout"]) {
    const given = headers[name];
    if (typeof given !== "string") continue;
    const askedMs = readTimeoutMs(new Headers({ [name]: given }));
    if (askedMs === undefined || askedMs <= maxMs) continue;
    headers[name] =
      name === "grpc-timeout" ? `${maxMs}m` : name === "connect-timeout-ms" ? String(maxMs) : String(maxMs / 1000);
  }
};
