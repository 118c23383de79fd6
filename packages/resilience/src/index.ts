export { type AdaptiveLimit, type AdaptiveLimitOptions, createAdaptiveLimit } from "./create-adaptive-limit.ts";
export {
  type CacheEvent,
  type CacheLoader,
  type CacheLoaderOptions,
  createCacheLoader,
} from "./create-cache-loader.ts";
export {
  type CircuitBreaker,
  type CircuitBreakerOptions,
  type CircuitState,
  createCircuitBreaker,
} from "./create-circuit-breaker.ts";
export { createDispatcher, type Dispatcher, type DispatcherOptions, type DispatchTask } from "./create-dispatcher.ts";
export {
  createLeaseLock,
  type Lease,
  type LeaseGrant,
  type LeaseLock,
  type LeaseLockOptions,
  type LeaseStore,
} from "./create-lease-lock.ts";
export { isTransient } from "./is-transient.ts";
export { type KeepLeaseOptions, type KeptLease, keepLease } from "./keep-lease.ts";
export { type RetryOptions, retry } from "./retry.ts";
