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
  const rest = /^\d{1,6}(\.\d{1,3})?$/.exec(header.get("request-timeout") ?? "");
  return rest === null ? undefined : Number(rest[0]) * 1000;
};
