import { Code, ConnectError } from "@connectrpc/connect";
import type { EncodeError, Reply } from "./envelope.ts";
import { RequestFault } from "./fault.ts";
import { httpStatusOf } from "./http-status.ts";
import { withoutProtocolHeaders } from "./invoker.ts";
import type { RestRequest, RestResponse } from "./rest.ts";
import type { Route } from "./route.ts";

const encoder = new TextEncoder();

export const jsonResponse = ({ status, body }: Reply, headers: Headers): RestResponse => {
  if (body === undefined) return { status, headers, body: undefined };
  const bytes = encoder.encode(JSON.stringify(body));
  headers.set("content-type", "application/json");
  headers.set("content-length", String(bytes.byteLength));
  return { status, headers, body: bytes };
};

const connectErrorOf = (thrown: unknown): ConnectError => {
  if (thrown instanceof RequestFault) return thrown.toConnectError();
  if (thrown instanceof ConnectError) return thrown;
  return new ConnectError("internal error", Code.Internal, undefined, undefined, thrown);
};

export type Refuser = (
  thrown: unknown,
  request: RestRequest,
  route: Route | undefined,
  headers?: Headers,
) => { readonly reply: Reply; readonly headers: Headers };

/** Turns whatever was thrown into a reply. A hook that throws itself is replaced by the default: a caller always gets an answer. */
export const createRefuser =
  (encodeError: EncodeError | undefined, byDefault: EncodeError): Refuser =>
  (thrown, request, route, headers = new Headers()) => {
    const fault = thrown instanceof RequestFault ? thrown : undefined;
    const error = connectErrorOf(thrown);
    // Of an error that came over a transport, the metadata are all of that response's headers.
    withoutProtocolHeaders(error.metadata).forEach((value, name) => {
      headers.append(name, value);
    });
    const status = fault?.status ?? httpStatusOf(error.code);
    const context = { route, request, headers, status, reason: fault?.reason, violations: fault?.violations ?? [] };
    try {
      return { reply: (encodeError ?? byDefault)(error, context), headers };
    } catch (cause) {
      const broken = new ConnectError("internal error", Code.Internal, undefined, undefined, cause);
      return { reply: byDefault(broken, { ...context, status: 500, reason: undefined, violations: [] }), headers };
    }
  };
