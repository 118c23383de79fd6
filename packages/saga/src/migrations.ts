import { join } from "node:path";

/** Tables `tandem.saga`, `tandem.saga_step`, `tandem.saga_timer`. */
export const sagaMigrations = { name: "saga", dir: join(import.meta.dirname, "../migrations") };
