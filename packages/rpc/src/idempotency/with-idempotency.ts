import { createHash } from "node:crypto";
import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import type { HandlerContext } from "@connectrpc/connect";
import { AppError } from "@tandem/kernel";
import type { Logger } from "@tandem/runtime";
import { callStateOf, remainingMsOf } from "../call.ts";
import { REPLAYED_HEADER } from "../headers.ts";
import type { IdempotencyKey, IdempotencyStore } from "./idempotency-store.ts";

export interface IdempotencyOptions {
  readonly store: IdempotencyStore;
  /** How long after its deadline an execution keeps the key before another may take over, in milliseconds. */
  readonly graceMs: number;
  readonly log: Logger;
}

export type UnaryHandler<I extends DescMessage, O extends DescMessage> = (
  request: MessageShape<I>,
  context: HandlerContext,
) => Promise<MessageInitShape<O>> | MessageInitShape<O>;

/**
 * Calls with an `Idempotency-Key` run once per (principal, method, key): a repeat gets the first response, marked `Idempotency-Replayed: true`.
 * Every unary method with side effects honours it. A failed execution is forgotten, so that a repeat executes.
 *
 * The response is stored after the handler's own commit. A crash between the two leaves the key leased; after the lease a repeat executes again, so
 * creations also put `callOf(context).idempotencyKey` into a unique constraint of their own transaction.
 *
 * It wraps the handler and is no interceptor: one that answers by itself cannot keep the response headers that Connect has prepared.
 */
export const withIdempotency = <I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  handle: UnaryHandler<I, O>,
  { store, graceMs, log }: IdempotencyOptions,
): UnaryHandler<I, O> => {
  if (method.idempotency === Level.NO_SIDE_EFFECTS) return handle;
  const rpc = `${method.parent.typeName}/${method.name}`;
  return async (request, context) => {
    const state = callStateOf(context.values);
    if (state.idempotencyKey === undefined) return handle(request, context);
    const id: IdempotencyKey = {
      principal: ownerOf(state.principal),
      method: rpc,
      key: checkedKey(state.idempotencyKey),
    };
    const hash = createHash("sha256").update(toBinary(method.input, request)).digest();
    // Not with the call's signal: cancelled at the wrong moment, the key would be taken and nobody would know its token.
    const outcome = await store.begin(id, hash, remainingMsOf(state.deadlineAt) + graceMs);
    if (outcome.kind === "mismatch")
      throw new AppError("conflict", "idempotency.key_reused", "This Idempotency-Key was used for another request.", {
        retryable: false,
      });
    if (outcome.kind === "in_progress")
      throw new AppError(
        "conflict",
        "idempotency.in_progress",
        "The same request is being executed; repeat it in a moment.",
        { retryable: true },
      );
    if (outcome.kind === "replay") {
      context.responseHeader.set(REPLAYED_HEADER, "true");
      return fromBinary(method.output, outcome.response) as MessageInitShape<O>;
    }

    let response: MessageShape<O>;
    try {
      state.signal.throwIfAborted();
      response = create(method.output, await handle(request, context));
    } catch (error) {
      await store
        .abandon(id, outcome.token)
        .catch((err: unknown) => log.warn({ err, rpc }, "an idempotency key stays locked until its lease ends"));
      throw error;
    }
    try {
      const kept = await store.complete(id, outcome.token, toBinary(method.output, response));
      if (!kept) log.warn({ rpc }, "an execution outlived its idempotency lease");
    } catch (err) {
      // The effect is committed: failing now would make the caller repeat it.
      log.error({ err, rpc }, "a response could not be kept under its idempotency key");
    }
    return response as MessageInitShape<O>;
  };
};

const checkedKey = (key: string): string => {
  if (/^[A-Za-z0-9._:-]{1,255}$/.test(key)) return key;
  throw new AppError(
    "invalid_argument",
    "idempotency.key_invalid",
    "Idempotency-Key must be 1 to 255 characters of A-Z a-z 0-9 . _ : -",
  );
};

// Anonymous callers have no name of their own: their keys would meet, and one would read another's response.
const ownerOf = (principal: { readonly kind: string; readonly subject: string } | undefined): string => {
  if (principal !== undefined && principal.kind !== "anonymous") return principal.subject;
  throw new AppError(
    "invalid_argument",
    "idempotency.key_needs_identity",
    "Idempotency-Key needs an authenticated caller.",
  );
};
