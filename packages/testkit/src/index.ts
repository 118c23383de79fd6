export { type CapturedLog, captureLog } from "./capture-log.ts";
export {
  createTestDatabase,
  findTestPostgres,
  type TestDatabase,
  type TestDatabaseOptions,
} from "./create-test-database.ts";
export { type ManualClock, manualClock } from "./manual-clock.ts";
export { type PollOptions, pollUntil } from "./poll-until.ts";
