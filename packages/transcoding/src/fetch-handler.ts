import type { Transcoder } from "./transcoder.ts";
import { splitUrl } from "./url.ts";

const toStream = (chunks: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> => {
  const iterator = chunks[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
};

/** For servers that speak the Fetch API. Undefined when no route knows the path. */
export const createFetchHandler =
  (transcoder: Transcoder) =>
  async (request: Request): Promise<Response | undefined> => {
    const { method, url, headers, signal } = request;
    if (transcoder.match(method, splitUrl(url).path).kind === "not_found") return undefined;
    // A stream is async iterable in every server runtime, though not by its type.
    const body = (request.body ?? undefined) as AsyncIterable<Uint8Array> | undefined;
    const answer = await transcoder.handle({ method, url, headers, signal, ...(body && { body }) });
    const { body: given } = answer;
    const content = given === undefined || given instanceof Uint8Array ? given : toStream(given);
    return new Response((content ?? null) as ConstructorParameters<typeof Response>[0], {
      status: answer.status,
      headers: answer.headers,
    });
  };
