import { AppError, type ErrorKind } from "@tandem/kernel";
import type { EncodeError, EncodeResponse, FaultReason } from "@tandem/transcoding";
import { httpStatusOfKind, kindOfCode } from "../errors/codes.ts";
import { numberOf, readErrorInfo } from "../errors/error-info.ts";
import { TRACE_HEADER } from "../headers.ts";

/** `{"code":0,"data":...}` */
export const encodeResponse: EncodeResponse = (data) => ({ status: 200, body: { code: 0, data } });

/** Faults with a slug of their own. All others are `request.malformed`, with the reason as the rule of a detail. */
const slugOfReason: Readonly<Partial<Record<FaultReason, readonly [kind: ErrorKind, slug: string]>>> = {
  route_not_found: ["not_found", "request.route_not_found"],
  method_not_allowed: ["unimplemented", "request.method_not_allowed"],
  body_too_large: ["resource_exhausted", "request.body_too_large"],
  unsupported_media_type: ["invalid_argument", "request.unsupported_media_type"],
};

/** `{"code":<number>,"error":"<slug>","message":...,"details":[...],"retryable":...,"traceId":...}` */
export const encodeError: EncodeError = (error, { reason, violations, headers, request, status }) => {
  const traceId = headers.get(TRACE_HEADER) ?? traceOf(request.headers);
  if (reason !== undefined) {
    const [kind, slug] = slugOfReason[reason] ?? ["invalid_argument", "request.malformed"];
    const told = violations.map(({ field, description }) => ({ field, rule: reason, message: description }));
    const details = told.length > 0 ? told : [{ rule: reason, message: error.rawMessage }];
    return {
      status,
      body: envelopeOf(new AppError(kind, slug, error.rawMessage, { details, retryable: false }), traceId),
    };
  }
  const kind = kindOfCode(error.code);
  const info = readErrorInfo(error);
  // Without our detail the error never passed the mapping interceptor: only its kind may be told.
  const known =
    info === undefined
      ? undefined
      : new AppError(kind, info.slug, error.rawMessage, { details: info.details, retryable: info.retryable });
  const shown =
    known ??
    new AppError(
      kind,
      `rpc.${kind}`,
      kind === "internal" ? "The server failed to answer this call." : error.rawMessage,
    );
  return { status: httpStatusOfKind(kind), body: envelopeOf(shown, traceId) };
};

/** What is refused before the interceptors has no span of ours, but a door's: the caller shall be able to quote it. */
const traceOf = (headers: Headers): string | undefined =>
  /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-/.exec(headers.get("traceparent") ?? "")?.[1];

/** The envelope for an error that the server itself answers with. */
export const envelopeOf = (error: AppError, traceId?: string) => ({
  code: numberOf(error),
  error: error.code,
  message: error.message,
  details: error.details.map((detail) => ({ ...detail })),
  retryable: error.retryable,
  ...(traceId === undefined ? {} : { traceId }),
});
