import type { Transport } from "@connectrpc/connect";
import { currentContext } from "@tandem/runtime";
import { fromConnectError } from "../errors/from-connect-error.ts";
import { setOutgoingHeaders } from "./outgoing-headers.ts";
import type { RpcClientOptions } from "./rpc-client.ts";
import { headersOf } from "./target.ts";

/** Streams get identity, trace and AppErrors; no retry and no breaker, and a deadline only when the call gives one. */
export const stream =
  (transport: Transport, options: RpcClientOptions): Transport["stream"] =>
  async (method, signal, timeoutMs, init, input, contextValues) => {
    const rpc = `${method.parent.typeName}/${method.name}`;
    const signals = [signal, currentContext()?.signal].filter((one) => one !== undefined);
    const combined = AbortSignal.any(signals);
    const header = new Headers({ ...headersOf(options.target) });
    new Headers(init).forEach((value, key) => {
      header.set(key, value);
    });
    await setOutgoingHeaders(header, { identity: options.identity ?? "caller", tokenSource: options.tokenSource });
    try {
      const response = await transport.stream(method, combined, timeoutMs, header, input, contextValues);
      return {
        ...response,
        message: translated(response.message, (error) => fromConnectError(error, { rpc, signal: combined })),
      };
    } catch (error) {
      throw fromConnectError(error, { rpc, signal: combined });
    }
  };

async function* translated<T>(messages: AsyncIterable<T>, translate: (error: unknown) => Error): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (error) {
    throw translate(error);
  }
}
