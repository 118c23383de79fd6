import type { StreamResponse, UnaryResponse } from "@connectrpc/connect";
import { type Context, context } from "@opentelemetry/api";

type Response = UnaryResponse | StreamResponse;

/**
 * Calls `onEnd` exactly once when the call is over: at once for a unary response, after the last message (or the failure, or the
 * caller's departure) of a stream. With `within`, the stream's messages are produced in that context: the one that pulls them has none.
 */
export const whenOver = (response: Response, onEnd: (error?: unknown) => void, within?: Context): Response => {
  if (!response.stream) {
    onEnd();
    return response;
  }
  return { ...response, message: watch(response.message, onEnd, within) } as StreamResponse;
};

const watch = <T>(
  messages: AsyncIterable<T>,
  onEnd: (error?: unknown) => void,
  within = context.active(),
): AsyncIterable<T> => ({
  [Symbol.asyncIterator]: () => {
    const iterator = messages[Symbol.asyncIterator]();
    let ended = false;
    const end = (error?: unknown): void => {
      if (!ended) onEnd(error);
      ended = true;
    };
    const step = async (pull: () => Promise<IteratorResult<T>>): Promise<IteratorResult<T>> => {
      try {
        const result = await context.with(within, pull);
        if (result.done === true) end();
        return result;
      } catch (error) {
        end(error);
        throw error;
      }
    };
    return {
      next: () => step(() => iterator.next()),
      return: (value?: unknown) => step(async () => (await iterator.return?.(value)) ?? { done: true, value }),
      throw: (error?: unknown) => step(async () => (await iterator.throw?.(error)) ?? Promise.reject(error)),
    };
  },
});

/** Runs the next interceptor and reports the end of the call, however it ends. */
export const observed = async (
  run: () => Promise<Response>,
  onEnd: (error?: unknown) => void,
  within?: Context,
): Promise<Response> => {
  try {
    return whenOver(await run(), onEnd, within);
  } catch (error) {
    onEnd(error);
    throw error;
  }
};
