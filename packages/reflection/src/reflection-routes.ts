import type { DescFile, DescService } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import { createAnswerer } from "./answer.ts";
import { type DescriptorIndex, indexDescriptors } from "./descriptor-index.ts";
import { ServerReflection as ServerReflectionV1 } from "./gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionV1Alpha } from "./gen/grpc/reflection/v1alpha/reflection_pb.ts";

export interface ReflectionOptions {
  /** The services to tell about. Default: every service of the router, whenever it was registered. */
  readonly services?: readonly DescService[];
  /** Further files to tell about: types that only google.protobuf.Any holds, extensions that no service's file imports. Default none. */
  readonly files?: Iterable<DescFile>;
}

/**
 * gRPC server reflection, v1 and v1alpha, for a ConnectRouter. A bidirectional stream: callers need HTTP/2.
 * It tells every caller the whole interface; mount it where that is meant.
 */
export const createReflectionRoutes =
  ({ services, files = [] }: ReflectionOptions = {}) =>
  (router: ConnectRouter): void => {
    // Indexed at the first question, not here: services may be registered after this.
    let index: DescriptorIndex | undefined;
    const indexed = (): DescriptorIndex => {
      const told = services ?? router.handlers.map((handler) => handler.service);
      index ??= indexDescriptors([...new Set([...told, ServerReflectionV1, ServerReflectionV1Alpha])], files);
      return index;
    };
    router.service(ServerReflectionV1, {
      async *serverReflectionInfo(requests) {
        const answer = createAnswerer(indexed());
        for await (const request of requests) {
          yield { validHost: request.host, originalRequest: request, messageResponse: answer(request) };
        }
      },
    });
    router.service(ServerReflectionV1Alpha, {
      async *serverReflectionInfo(requests) {
        const answer = createAnswerer(indexed());
        for await (const request of requests) {
          yield { validHost: request.host, originalRequest: request, messageResponse: answer(request) };
        }
      },
    });
  };
