export { createOperationQueue, type OperationQueueOptions } from "./create-operation-queue.ts";
export { createOperationRunner, type OperationRunnerOptions } from "./create-operation-runner.ts";
export {
  createOperationsWorker,
  type OperationsWorker,
  type OperationsWorkerOptions,
} from "./create-operations-worker.ts";
export { groupCalls } from "./group-calls.ts";
export type { HandedOn, LeasedOperation, OperationLease, OperationQueue, RunOutcome } from "./operation.ts";
export { type WatchOperationsOptions, watchOperations } from "./watch-operations.ts";
export { isSignedWebhook, REPLAY_WINDOW_MS, signWebhook, type WebhookSignature } from "./webhook-signature.ts";
