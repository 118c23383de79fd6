/** What the protos say about services, methods, messages, fields and enums, by full name. For OpenAPI documents. */
export { comments } from "./gen/tandem/comments.ts";
