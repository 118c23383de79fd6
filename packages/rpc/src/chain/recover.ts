import { ConnectError, type Interceptor } from "@connectrpc/connect";
import { callStateOf } from "../call.ts";
import { toConnectError } from "../errors/to-connect-error.ts";

/**
 * 4. Whatever escapes the interceptors below, a bug among them included, becomes an internal error without text. The process lives.
 * A stream's messages are guarded too: their failures come after the response has begun.
 */
export const recover: Interceptor = (next) => async (req) => {
  const mapped = (error: unknown): ConnectError => {
    if (error instanceof ConnectError) return error;
    const { connectError, failure } = toConnectError(error);
    callStateOf(req.contextValues).failure ??= failure;
    return connectError;
  };
  try {
    const response = await next(req);
    return response.stream ? { ...response, message: guarded(response.message, mapped) } : response;
  } catch (error) {
    throw mapped(error);
  }
};

async function* guarded<T>(messages: AsyncIterable<T>, mapped: (error: unknown) => ConnectError): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (error) {
    throw mapped(error);
  }
}
