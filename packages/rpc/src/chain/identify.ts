import type { ContextValues } from "@connectrpc/connect";
import { type Authenticator, anonymous, type Principal, tokenError } from "@tandem/auth";
import { SERVICE_AUTHORIZATION_HEADER } from "../headers.ts";

/** Who calls, or why that cannot be said. Found out once per call: the rate limit needs it before auth decides on it. */
export type Identity = Known | Unknown;
interface Known {
  readonly ok: true;
  readonly principal: Principal;
  readonly caller: Principal | undefined;
  readonly bearer: string | undefined;
}
interface Unknown {
  readonly ok: false;
  readonly error: unknown;
}

export type Identify = (header: Headers, values: ContextValues) => Promise<Identity>;

export const createIdentify = (authenticator: Authenticator): Identify => {
  const known = new WeakMap<ContextValues, Promise<Identity>>();
  const find = async (header: Headers): Promise<Identity> => {
    try {
      const bearer = bearerOf(header.get("authorization"));
      const serviceBearer = bearerOf(header.get(SERVICE_AUTHORIZATION_HEADER));
      const [principal, caller] = await Promise.all([
        bearer === undefined ? anonymous : authenticator.authenticate(bearer),
        serviceBearer === undefined ? undefined : authenticator.authenticate(serviceBearer),
      ]);
      if (caller !== undefined && caller.kind !== "service") throw tokenError("auth.token_claims_invalid");
      return { ok: true, principal, caller, bearer };
    } catch (error) {
      return { ok: false, error };
    }
  };
  return (header, values) => {
    const found = known.get(values) ?? find(header);
    known.set(values, found);
    return found;
  };
};

const bearerOf = (value: string | null): string | undefined => {
  if (value === null) return undefined;
  const match = /^Bearer +([A-Za-z0-9._~+/=-]+)$/i.exec(value.trim());
  if (match === null) throw tokenError("auth.token_malformed");
  return match[1];
};
