import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import type { ContextName } from "@tandem/contracts";
import { DeadLetterService, JobService } from "@tandem/contracts/common";
import { findRunning } from "../find-running.ts";
import { apiUrl } from "../platform-clients.ts";

/** The operations services of every context that runs, as an operator. */
export const openOperations = async (offset: number) => {
  const { people, contexts } = await findRunning(offset);
  return contexts.map((context) => {
    const transport = createConnectTransport({
      baseUrl: apiUrl(context as ContextName, offset),
      httpVersion: "1.1",
      defaultTimeoutMs: 10_000,
      interceptors: [
        (next) => async (request) => {
          request.header.set("authorization", `Bearer ${await people.operator()}`);
          return next(request);
        },
      ],
    });
    return {
      context,
      deadLetters: createClient(DeadLetterService, transport),
      jobs: createClient(JobService, transport),
    };
  });
};
