import { createServer, type Http2Server, type IncomingHttpHeaders } from "node:http2";
import type { UnaryMethods } from "./methods.ts";
import { ServedCall, stopReading } from "./served-call.ts";

/** Bigger than Dapr's own limit of 4 MiB, which therefore is the one that counts. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/**
 * A gRPC server over h2c for unary calls without compression: what sidecar and app say to each other. Nothing that a caller sends ends the process.
 * [ADR 0018](../../../../docs/adr/0018-a-lean-grpc-between-sidecar-and-app.md) says why it is not Connect.
 */
export const createUnaryServer = (methods: UnaryMethods, maxMessageBytes: number = MAX_MESSAGE_BYTES): Http2Server => {
  const server = createServer();
  server.on("stream", (stream, headers) => {
    stream.on("error", ignore); // "close" follows
    const refusal = refuseHttp(headers);
    if (refusal === undefined) new ServedCall(stream, headers).serve(methods, maxMessageBytes);
    else {
      stream.respond({ ":status": refusal }, { endStream: true });
      stopReading(stream);
    }
  });
  return server;
};

const ignore = () => undefined;

/** No gRPC: there is nobody to whom a status would say anything. */
const refuseHttp = (headers: IncomingHttpHeaders): number | undefined => {
  if (headers[":method"] !== "POST") return 405;
  const type = headers["content-type"];
  if (type === undefined) return 400;
  return type === "application/grpc" || type === "application/grpc+proto" ? undefined : 415;
};
