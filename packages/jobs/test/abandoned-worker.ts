// A worker that the test kills: it claims the slot, says so, and never ends.
import { createJobRunner, defineCronJob } from "@tandem/jobs";
import { createDatabase } from "@tandem/postgres";
import { createLogger } from "@tandem/runtime";

const [url = "", name = "", firedAt = ""] = process.argv.slice(2);
const job = defineCronJob({
  name,
  schedule: "0 * * * * *",
  timeoutMs: 60_000,
  leaseMs: 600,
  run: ({ token }) => {
    process.stdout.write(`running ${token}\n`);
    return new Promise(() => {});
  },
});
const runner = createJobRunner({
  database: createDatabase({ url, name: "victim" }),
  jobs: [job],
  owner: "victim",
  clock: { now: () => new Date(firedAt) },
  log: createLogger({ service: "victim", level: "silent" }),
});
await runner.start(new AbortController().signal);
await runner.trigger(name, new Date(firedAt));
