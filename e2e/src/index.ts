export { checkInvariants } from "./check-invariants.ts";
export { drain } from "./drain.ts";
export { address, openShop, type Product, payWith, type Shop } from "./open-shop.ts";
export { LEASE_MS, type PlatformOptions, startPlatform, type TestPlatform } from "./start-platform.ts";
export { daprdSidecars } from "./start-sidecars.ts";
