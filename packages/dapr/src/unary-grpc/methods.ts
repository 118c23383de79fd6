import {
  create,
  type DescMessage,
  type DescMethodUnary,
  type DescService,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";

/** The call that a method answers. */
export interface UnaryCall {
  readonly requestHeader: RequestHeader;
  /** Aborts when the caller gives up or its time is over. */
  readonly signal: AbortSignal;
}

export interface RequestHeader {
  /** @param name in small letters */
  get(name: string): string | null;
}

type Answer<I extends DescMessage, O extends DescMessage> = (
  request: MessageShape<I>,
  call: UnaryCall,
) => MessageInitShape<O> | Promise<MessageInitShape<O>>;

/** The methods of a service that are served. What is left out is answered with Unimplemented. */
export type UnaryAnswers<S extends DescService> = {
  readonly [M in keyof S["method"]]?: S["method"][M] extends DescMethodUnary<infer I, infer O> ? Answer<I, O> : never;
};

/** From bytes to bytes. */
export type UnaryMethod = (message: Uint8Array, call: UnaryCall) => Promise<Uint8Array>;

/** By their path. */
export type UnaryMethods = ReadonlyMap<string, UnaryMethod>;

export const methodsOf = <S extends DescService>(service: S, answers: UnaryAnswers<S>): UnaryMethods => {
  const given = answers as Readonly<Record<string, Answer<DescMessage, DescMessage> | undefined>>;
  const methods = new Map<string, UnaryMethod>();
  for (const { name, localName, input, output } of service.methods) {
    const answer = given[localName];
    if (answer === undefined) continue;
    methods.set(`/${service.typeName}/${name}`, async (message, call) =>
      toBinary(output, create(output, await answer(decode(input, message), call))),
    );
  }
  return methods;
};

export const decode = <D extends DescMessage>(schema: D, message: Uint8Array): MessageShape<D> => {
  try {
    return fromBinary(schema, message);
  } catch (cause) {
    throw new ConnectError(`${schema.typeName}: ${String(cause)}`, Code.InvalidArgument, undefined, undefined, cause);
  }
};
