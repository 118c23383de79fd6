import type { DescMethodStreaming, DescMethodUnary, Message } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import { type Invocation, type Invoker, withoutProtocolHeaders } from "./invoker.ts";

const joined = (headers: Headers, trailers: Headers): Headers => {
  const all = withoutProtocolHeaders(headers);
  trailers.forEach((value, name) => {
    all.append(name, value);
  });
  return all;
};

/** Calls another server: a REST gateway in front of Connect, gRPC or gRPC-Web. The caller's headers and deadline travel along. */
export const createTransportInvoker = (transport: Transport): Invoker => {
  const outgoing = ({ headers }: Invocation): Headers => {
    headers.delete("host");
    return headers;
  };
  return {
    unary: async (call) => {
      const message = await call.decode();
      const method = call.route.method as DescMethodUnary;
      const answer = await transport.unary(
        method,
        call.signal,
        call.timeoutMs,
        outgoing(call),
        message,
        call.contextValues,
      );
      return { message: answer.message, headers: joined(answer.header, answer.trailer) };
    },
    serverStream: async (call) => {
      const message = await call.decode();
      const input = (async function* () {
        yield message;
      })();
      const method = call.route.method as DescMethodStreaming;
      const answer = await transport.stream(
        method,
        call.signal,
        call.timeoutMs,
        outgoing(call),
        input,
        call.contextValues,
      );
      const iterator = answer.message[Symbol.asyncIterator]();
      const first = await iterator.next();
      const messages = async function* (): AsyncGenerator<Message> {
        try {
          for (let at = first; !at.done; at = await iterator.next()) yield at.value;
        } finally {
          await iterator.return?.();
        }
      };
      return {
        first: first.done ? undefined : first.value,
        messages: messages(),
        headers: withoutProtocolHeaders(answer.header),
      };
    },
  };
};
