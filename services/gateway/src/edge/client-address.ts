import { isIP } from "node:net";

/**
 * The address that a request comes from: the socket's, or with proxies in front the one that the outermost trusted proxy saw, counted from
 * the right of `X-Forwarded-For`. What stands further left, callers write themselves.
 */
export const clientAddressOf = (
  socketAddress: string | undefined,
  forwardedFor: string | undefined,
  trustedProxies: number,
): string => {
  const own = plain(socketAddress ?? "");
  if (trustedProxies === 0) return own;
  const hops = (forwardedFor ?? "").split(",").map((hop) => plain(hop.trim()));
  const claimed = hops.at(-trustedProxies) ?? "";
  return isIP(claimed) === 0 ? own : claimed;
};

/** Without port, brackets and the IPv4-in-IPv6 prefix. */
const plain = (address: string): string => {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(address)?.[1];
  const bare = bracketed ?? address.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1");
  return bare.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "");
};

/** Who is limited together: an IPv4 address, or the /64 of an IPv6 one, of which a caller owns all. */
export const rateKeyOf = (address: string): string => {
  if (isIP(address) !== 6) return address;
  const [head = "", tail] = address.split("::");
  const groups = head.split(":").filter((group) => group !== "");
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(":").filter((group) => group !== "").length;
  const full = [...groups, ...Array.from({ length: missing }, () => "0")];
  return `${full
    .slice(0, 4)
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/, ""))
    .join(":")}::/64`;
};
