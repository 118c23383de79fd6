import { create } from "@bufbuild/protobuf";
import type { HandlerContext, Interceptor, StreamRequest, UnaryRequest } from "@connectrpc/connect";
import { authorize } from "@tandem/auth";
import { AppError } from "@tandem/kernel";
import type { ServerChain } from "./server-chain.ts";

/**
 * Connect runs interceptors after it has read and parsed the request. This gate runs before: it finds out whether rate limit or auth will
 * refuse, which takes headers only, and if so runs the chain at once with an empty message. So the server reads no body of a caller without
 * rights, and the refusal is traced, logged and counted like any other. Both decisions are made once per call; the chain repeats them.
 */
export const refuseEarly =
  ({ interceptors, identify, rateLimiter }: ServerChain) =>
  async (context: HandlerContext): Promise<void> => {
    const { service, method, requestHeader: header, values: contextValues } = context;
    const identity = await identify(header, contextValues);
    const allowed = rateLimiter?.decide(identity, method, contextValues).allowed ?? true;
    if (allowed && identity.ok && mayCall(identity.principal, method)) return;
    const common = {
      service,
      header,
      contextValues,
      requestMethod: context.requestMethod,
      url: context.url,
      signal: context.signal,
    };
    const request = (
      method.methodKind === "unary"
        ? { ...common, stream: false, method, message: create(method.input) }
        : { ...common, stream: true, method, message: nothing() }
    ) as UnaryRequest | StreamRequest;
    const end: ReturnType<Interceptor> = () =>
      Promise.reject(new AppError("internal", "rpc.gate", "The chain let through what the gate refused."));
    await interceptors.reduceRight((next, interceptor) => interceptor(next), end)(request);
  };

const mayCall = (...args: Parameters<typeof authorize>): boolean => {
  try {
    authorize(...args);
    return true;
  } catch {
    return false;
  }
};

async function* nothing(): AsyncGenerator<never> {}
