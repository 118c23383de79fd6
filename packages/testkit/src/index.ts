export { type CapturedLog, captureLog } from "./capture-log.ts";
export { countStatements } from "./count-statements.ts";
export { createFaultProxy, type FaultProxy, type FaultProxyOptions } from "./create-fault-proxy.ts";
export {
  createTestDatabase,
  findTestPostgres,
  type TestDatabase,
  type TestDatabaseOptions,
} from "./create-test-database.ts";
export { readSeed } from "./gate-seed.ts";
export { type ManualClock, manualClock } from "./manual-clock.ts";
export { type PollOptions, pollUntil } from "./poll-until.ts";
