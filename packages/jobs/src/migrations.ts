import { join } from "node:path";

/** Tables `tandem.job`, `tandem.job_run`. */
export const jobsMigrations = { name: "jobs", dir: join(import.meta.dirname, "../migrations") };
