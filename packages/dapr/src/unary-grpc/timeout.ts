import { Code, ConnectError } from "@connectrpc/connect";

/** What a timer of Node's can wait. Longer than that nobody waits. */
const LONGEST_MS = 2 ** 31 - 1;

const UNITS_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };

/** The header `grpc-timeout` in milliseconds; undefined: as long as it takes. @throws ConnectError `invalid_argument` */
export const parseTimeout = (header: string | undefined): number | undefined => {
  if (header === undefined) return undefined;
  const [, amount, unit = ""] = /^(\d{1,8})([HMSmun])$/.exec(header) ?? [];
  const factor = UNITS_MS[unit];
  if (factor === undefined) {
    throw new ConnectError(`protocol error: grpc-timeout ${JSON.stringify(header)}`, Code.InvalidArgument);
  }
  const ms = Number(amount) * factor;
  return ms > LONGEST_MS ? undefined : ms;
};

/** The header's value; eight digits is all that it may have. */
export const formatTimeout = (ms: number): string => {
  const whole = Math.max(0, Math.ceil(ms));
  return whole < 1e8 ? `${whole}m` : `${Math.min(Math.ceil(whole / 1_000), 99_999_999)}S`;
};
