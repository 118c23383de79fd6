import { create, type DescMethod, type Message } from "@bufbuild/protobuf";
import { type ContextValues, createContextKey, type Interceptor } from "@connectrpc/connect";

/** Where a message waits while the handler parses an empty body in its place. */
export interface Handover {
  /** Set by the interceptor: it is there, so that later calls of this method may leave the body empty. */
  taken: boolean;
  /** The request, when the body is empty; undefined when the body carries it. */
  request: Message | undefined;
  /** The response, when the interceptor took it; the body is then empty. */
  response: Message | undefined;
}

const handoverKey = createContextKey<Handover | undefined>(undefined, {
  description: "transcoding: message passed by reference",
});

export const createHandover = (contextValues: ContextValues): Handover => {
  const handover: Handover = { taken: false, request: undefined, response: undefined };
  contextValues.set(handoverKey, handover);
  return handover;
};

const empties = new WeakMap<DescMethod, Message>();

const emptyResponse = (method: DescMethod): Message => {
  const empty = empties.get(method) ?? create(method.output);
  empties.set(method, empty);
  return empty;
};

/**
 * Hands unary messages over as they are, which saves their encoding and decoding on both ways. It must be the outermost interceptor, or
 * others would see an empty message: that is why it is not public, and is only put into a router that the transcoder builds itself.
 */
export const passByReference: Interceptor = (next) => async (request) => {
  const handover = request.contextValues.get(handoverKey);
  if (handover === undefined || request.stream) return next(request);
  handover.taken = true;
  const response = await next(handover.request === undefined ? request : { ...request, message: handover.request });
  if (response.stream) return response;
  handover.response = response.message;
  return { ...response, message: emptyResponse(request.method) };
};
