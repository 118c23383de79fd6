import { fileURLToPath } from "node:url";

/** Tables `tandem.saga`, `tandem.saga_step`, `tandem.saga_timer`. */
export const sagaMigrations = { name: "saga", dir: fileURLToPath(new URL("../migrations", import.meta.url)) };
