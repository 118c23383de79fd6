import type { JsonValue, Message, Registry } from "@bufbuild/protobuf";
import { toJson } from "@bufbuild/protobuf";
import { base64Encode } from "@bufbuild/protobuf/wire";
import type { ConnectError } from "@connectrpc/connect";
import type { FaultReason, FieldViolation } from "./fault.ts";
import { statusNameOf } from "./http-status.ts";
import type { RestRequest } from "./rest.ts";
import type { Route } from "./route.ts";

/** What a hook answers: the status and the JSON body (undefined: no body). */
export interface Reply {
  readonly status: number;
  readonly body: JsonValue | undefined;
}

export interface ResponseContext {
  readonly route: Route;
  readonly request: RestRequest;
  /** The handler's response headers and trailers; may be changed. */
  readonly headers: Headers;
  readonly message: Message;
}

export interface ErrorContext {
  /** Undefined when no route matched. */
  readonly route: Route | undefined;
  readonly request: RestRequest;
  /** Headers of the error response; may be changed. Holds the error's own metadata. */
  readonly headers: Headers;
  /** The status that the transcoder suggests. */
  readonly status: number;
  /** Why the HTTP request itself was refused; undefined when a handler or interceptor failed. */
  readonly reason: FaultReason | undefined;
  readonly violations: readonly FieldViolation[];
}

/** Wraps the response message's JSON. Default: as it is, with status 200. */
export type EncodeResponse = (data: JsonValue, context: ResponseContext) => Reply;
export type EncodeError = (error: ConnectError, context: ErrorContext) => Reply;

const detailsOf = (error: ConnectError, registry: Registry | undefined): JsonValue[] =>
  error.details.flatMap((detail): JsonValue[] => {
    if (!("type" in detail)) return [];
    const known = registry?.getMessage(detail.type);
    const [message] = known === undefined ? [] : error.findDetails(known);
    const json = known && message ? toJson(known, message, registry && { registry }) : undefined;
    const fields =
      json !== null && typeof json === "object" && !Array.isArray(json) ? json : { value: base64Encode(detail.value) };
    return [{ "@type": `type.googleapis.com/${detail.type}`, ...fields }];
  });

/** Google's form (AIP-193): `{"error":{"code":404,"status":"NOT_FOUND","message":"...","details":[...]}}`. */
export const createGoogleErrorEncoder =
  (registry: Registry | undefined): EncodeError =>
  (error, { status, violations }) => {
    const details = detailsOf(error, registry);
    if (violations.length > 0) {
      details.push({
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        fieldViolations: violations.map(({ field, description }) => ({ field, description })),
      });
    }
    return {
      status,
      body: {
        error: {
          code: status,
          status: statusNameOf(error.code),
          message: error.rawMessage,
          ...(details.length > 0 && { details }),
        },
      },
    };
  };
