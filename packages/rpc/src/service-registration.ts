import type { DescMessage, DescMethodUnary, DescService } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { type IdempotencyOptions, type UnaryHandler, withIdempotency } from "./idempotency/with-idempotency.ts";

/** A service and what answers it. */
export interface ServiceRegistration {
  readonly service: DescService;
  readonly implementation: Partial<ServiceImpl<DescService>>;
  /** Local names of methods whose answers hold secrets (tokens): never kept under an `Idempotency-Key`, which they ignore. */
  readonly unkept?: readonly string[];
}

/** Pairs a service with its handlers, checked against each other by type. Methods left out answer `unimplemented`. */
export const registerService = <S extends DescService>(
  service: S,
  implementation: Partial<ServiceImpl<S>>,
  { unkept = [] }: { readonly unkept?: readonly (keyof ServiceImpl<S> & string)[] } = {},
): ServiceRegistration => ({
  service,
  implementation: implementation as ServiceRegistration["implementation"],
  unkept,
});

/** The same service with every unary method behind {@link withIdempotency}. */
export const guardService = (
  { service, implementation, unkept = [] }: ServiceRegistration,
  options: IdempotencyOptions,
): ServiceRegistration => {
  const handlers = implementation as Record<string, UnaryHandler<DescMessage, DescMessage> | undefined>;
  const guarded: Record<string, unknown> = {};
  for (const method of service.methods) {
    const handle = handlers[method.localName]?.bind(implementation);
    if (handle === undefined) continue;
    guarded[method.localName] =
      method.methodKind === "unary" && !unkept.includes(method.localName)
        ? withIdempotency(method as DescMethodUnary, handle, options)
        : handle;
  }
  return { service, implementation: guarded as ServiceRegistration["implementation"], unkept };
};
