import type { Interceptor } from "@connectrpc/connect";
import { callStateOf } from "../call.ts";
import { toConnectError } from "../errors/to-connect-error.ts";

/** 8. The one place where an AppError's kind becomes a code. Unknown errors lose their text here and keep it in the log. */
export const mapErrors: Interceptor = (next) => async (req) => {
  const mapped = (error: unknown) => {
    const state = callStateOf(req.contextValues);
    const { connectError, failure } = toConnectError(error, state.signal);
    state.failure = failure;
    return connectError;
  };
  try {
    const response = await next(req);
    return response.stream ? { ...response, message: translated(response.message, mapped) } : response;
  } catch (error) {
    throw mapped(error);
  }
};

async function* translated<T>(messages: AsyncIterable<T>, mapped: (error: unknown) => Error): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (error) {
    throw mapped(error);
  }
}
