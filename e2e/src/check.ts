// What must hold once all is quiet, for whoever has a platform to look at: `npm run load`.
/** For who reads by a connection that may break. */
export { isConnectionLoss } from "@tandem/postgres";
export { checkInvariants } from "./check-invariants.ts";
export { type Databases, openDatabases } from "./databases.ts";
export { listUnfinished } from "./drain.ts";
