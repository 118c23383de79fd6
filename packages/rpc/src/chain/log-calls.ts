import { ConnectError, type Interceptor } from "@connectrpc/connect";
import type { Logger } from "@tandem/runtime";
import { callStateOf } from "../call.ts";
import { nameOfCode } from "../errors/codes.ts";
import { observed } from "./stream-end.ts";
import { isServerFault } from "./trace-calls.ts";

const MAX_CONCEALED = 5;

/**
 * 3. One line per call: method, protocol, code, slug, duration, who. Never the messages or headers. Server faults are errors and carry
 * their cause with its stack; everything else is info, or debug for successes below `slowMs`.
 */
export const logCalls =
  (log: Logger, slowMs = 1_000): Interceptor =>
  (next) =>
  (req) => {
    const startedAt = performance.now();
    const end = (error?: unknown): void => {
      const state = callStateOf(req.contextValues);
      const durationMs = Math.round((performance.now() - startedAt) * 100) / 100;
      const connectError = error === undefined ? undefined : ConnectError.from(error);
      const line = {
        rpc: `${req.service.typeName}/${req.method.name}`,
        protocol: state.protocol,
        code: connectError === undefined ? "ok" : nameOfCode(connectError.code),
        durationMs,
        ...(state.principal === undefined
          ? {}
          : { subject: state.principal.subject, kind: state.principal.kind, tokenId: state.principal.tokenId }),
        ...(state.caller === undefined ? {} : { caller: state.caller.subject }),
        ...(state.failure === undefined ? {} : { slug: state.failure.slug }),
      };
      for (const err of state.concealed.slice(0, MAX_CONCEALED))
        log.error({ rpc: line.rpc, err }, "an item of a batch failed");
      if (connectError === undefined) {
        if (durationMs >= slowMs) log.info(line, "slow call");
        else log.debug(line, "call");
      } else if (isServerFault(connectError.code)) {
        log.error({ ...line, err: state.failure?.cause ?? connectError.cause ?? connectError }, "call failed");
      } else {
        log.info({ ...line, reason: connectError.rawMessage }, "call refused");
      }
    };
    return observed(() => next(req), end);
  };
