export { type BatchOutcome, runBatch, summaryOf, toErrorInfo } from "./answers/batch.ts";
export { readPage, type WantedPage, writePage } from "./answers/page.ts";
export { type Call, callOf, type Protocol } from "./call.ts";
export { defaultRateLimits, type Rate, type RateLimits } from "./chain/limit-rate.ts";
export { CHAIN_ORDER } from "./chain/server-chain.ts";
export { createRpcClient, type RpcClient, type RpcClientOptions } from "./client/rpc-client.ts";
export { direct, type Target, viaSidecar } from "./client/target.ts";
export { codeOfKind, httpStatusOfKind, kindOfCode } from "./errors/codes.ts";
export {
  CORRELATION_HEADER,
  IDEMPOTENCY_HEADER,
  REPLAYED_HEADER,
  SERVICE_AUTHORIZATION_HEADER,
  TRACE_HEADER,
} from "./headers.ts";
export type { IdempotencyKey, IdempotencyOutcome, IdempotencyStore } from "./idempotency/idempotency-store.ts";
export {
  createPostgresIdempotencyStore,
  type PostgresIdempotencyStore,
  type PostgresIdempotencyStoreOptions,
  rpcMigrations,
} from "./idempotency/postgres-idempotency-store.ts";
export { type IdempotencyOptions, type UnaryHandler, withIdempotency } from "./idempotency/with-idempotency.ts";
export type { RpcLimits } from "./server/limits.ts";
export { createRpcServer, type RpcAddresses, type RpcServer, type RpcServerOptions } from "./server/rpc-server.ts";
export { type Allowance, createTokenBuckets, type TokenBuckets } from "./server/token-bucket.ts";
export { registerService, type ServiceRegistration } from "./service-registration.ts";
