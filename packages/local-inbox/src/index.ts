export { createLocalInbox, type LocalInbox, type LocalInboxOptions } from "./create-local-inbox.ts";
export type { CaughtMessage } from "./message-store.ts";
