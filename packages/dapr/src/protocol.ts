// Dapr's wire protocol, generated from its own protos (see ../proto/README.md). For @tandem/sidecar and for tests; services never import it.
export {
  type Etag,
  type InvokeRequest,
  type StateItem,
  StateItemSchema,
  StateOptions_StateConcurrency as StateConcurrency,
} from "./gen/dapr/proto/common/v1/common_pb.ts";
export {
  AppCallback,
  AppCallbackAlpha,
  AppCallbackHealthCheck,
  type BindingEventRequest,
  BindingEventRequestSchema,
  type ListTopicSubscriptionsResponse,
  type TopicEventBulkRequest,
  type TopicEventBulkRequestEntry,
  type TopicEventBulkResponse,
  type TopicEventCERequest,
  type TopicEventRequest,
  TopicEventRequestSchema,
  TopicEventResponse_TopicEventResponseStatus as TopicEventStatus,
  type TopicSubscription,
} from "./gen/dapr/proto/runtime/v1/appcallback_pb.ts";
export { Dapr as DaprService } from "./gen/dapr/proto/runtime/v1/dapr_pb.ts";
export {
  type TryLockRequest,
  type UnlockRequest,
  UnlockResponse_Status as UnlockStatus,
} from "./gen/dapr/proto/runtime/v1/lock_pb.ts";
export {
  type GetMetadataResponse,
  GetMetadataResponseSchema,
  PubsubSubscriptionType,
} from "./gen/dapr/proto/runtime/v1/metadata_pb.ts";
export type {
  BulkPublishRequest,
  BulkPublishRequestEntry,
  BulkPublishResponse,
  PublishEventRequest,
} from "./gen/dapr/proto/runtime/v1/pubsub_pb.ts";
export type {
  DeleteStateRequest,
  ExecuteStateTransactionRequest,
  GetBulkStateRequest,
  GetStateRequest,
  SaveStateRequest,
  TransactionalStateOperation,
} from "./gen/dapr/proto/runtime/v1/state_pb.ts";
export { createTokenVerifier } from "./verify-api-token.ts";
