// A relay that takes a batch and never publishes it: to be killed.
import { createRelay } from "@tandem/messaging";
import { createDatabase } from "@tandem/postgres";

const [, , url = "", leaseMs = "5000"] = process.argv;
const database = createDatabase({ url, name: "hanging relay", maxConnections: 2 });
const relay = createRelay({
  database,
  leaseMs: Number(leaseMs),
  publisher: {
    publish: () => {
      process.stdout.write("holding\n");
      return new Promise(() => {});
    },
  },
});
await relay.start(new AbortController().signal);
