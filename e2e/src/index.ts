export { checkInvariants } from "./check-invariants.ts";
export { drain } from "./drain.ts";
export { findPortOffset, HIGHEST_OF_COMMANDS } from "./find-port-offset.ts";
export { type Door, openDoor } from "./open-door.ts";
export { address, openShop, type Product, payWith, type Shop } from "./open-shop.ts";
export { type Customers, openCustomers } from "./place-orders.ts";
export { runCommand } from "./run-command.ts";
export {
  brokerMisbehaves,
  faultPoints,
  killedAnywhere,
  killedAt,
  pausedPastItsLease,
  postgresCrashes,
  type Scenario,
} from "./scenarios.ts";
export { seededRandom } from "./seeded-random.ts";
export { startPlatform, type TestPlatform } from "./start-platform.ts";
export { daprdSidecars } from "./start-sidecars.ts";
