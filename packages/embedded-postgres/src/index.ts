export { isAlive as isProcessAlive } from "./postmaster.ts";
export {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  removeEmbeddedPostgres,
  startEmbeddedPostgres,
} from "./start-embedded-postgres.ts";
export { throughSocket } from "./through-socket.ts";
