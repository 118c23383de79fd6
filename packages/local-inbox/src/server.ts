import { integer, loadConfig, port, runBinary } from "@tandem/runtime";
import { z } from "zod";
import { createLocalInbox } from "./create-local-inbox.ts";

const config = z.object({
  SMTP_PORT: port({ zero: true }).default(1025),
  HTTP_PORT: port({ zero: true }).default(8025),
  /** Where it listens: a container's own addresses by default, for what stands in front of it says who reaches it. */
  HOST: z.string().default("0.0.0.0"),
  /** Names under which the page answers, with commas, besides addresses and localhost. */
  ALLOWED_HOSTS: z
    .string()
    .default(
      ["", ".tandem-stores", ".tandem-stores.svc", ".tandem-stores.svc.cluster.local"]
        .map((end) => `local-inbox${end}`)
        .join(","),
    )
    .transform((names) => names.split(",").map((name) => name.trim())),
  MAX_MESSAGES: integer({ min: 1, max: 100_000 }).default(500),
});

/** The inbox as a process of its own, for a cluster on a laptop. */
if (import.meta.main) {
  await runBinary(async (env) => {
    const { SMTP_PORT, HTTP_PORT, HOST, ALLOWED_HOSTS, MAX_MESSAGES } = loadConfig(config, env);
    const inbox = await createLocalInbox({
      smtpPort: SMTP_PORT,
      httpPort: HTTP_PORT,
      host: HOST,
      allowedHosts: ALLOWED_HOSTS,
      maxMessages: MAX_MESSAGES,
    });
    return {
      name: "local-inbox",
      addresses: { smtp: inbox.smtpUrl, http: inbox.url },
      stop: async () => inbox[Symbol.asyncDispose](),
      failed: new Promise<never>(() => {}),
    };
  });
}
