import { AppError } from "@tandem/kernel";
import { afterEach, expect } from "vitest";
import { createRpcClient, direct, type RpcClientOptions } from "../src/index.ts";
import { EchoService } from "./gen/tandem/rpctest/v1/echo_pb.ts";
import { type EchoHandlers, type Harness, startHarness } from "./harness.ts";

/** What a test has opened is closed after it, the last one first. */
export const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

export const start = async (handlers: EchoHandlers = {}, options = {}): Promise<Harness> => {
  const harness = await startHarness(handlers, options);
  opened.push(harness);
  return harness;
};

export const clientOf = (harness: Harness, options: Partial<RpcClientOptions> = {}) => {
  const client = createRpcClient(EchoService, { target: direct(harness.httpUrl), ...options });
  opened.push(client);
  return client;
};

export const failureOf = async (work: Promise<unknown>): Promise<AppError> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(AppError);
  return error as AppError;
};
