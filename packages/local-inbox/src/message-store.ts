/** A mail or a text message that would have gone to a person. */
export interface CaughtMessage {
  /** Counts up from 1. */
  readonly id: number;
  readonly kind: "email" | "sms";
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** Names in small letters. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of mail its Message-ID, of text messages the `Idempotency-Key`: the same for every copy. */
  readonly messageId: string;
  /** How many with the same id came before. */
  readonly copy: number;
  readonly receivedAt: string;
}

export interface MessageFilter {
  readonly to?: string | undefined;
  readonly kind?: string | undefined;
  /** A part of subject or text. */
  readonly text?: string | undefined;
  readonly limit?: number | undefined;
}

export interface MessageStore {
  add(message: Omit<CaughtMessage, "id" | "copy" | "receivedAt">): CaughtMessage;
  /** Newest first. */
  list(filter?: MessageFilter): readonly CaughtMessage[];
  get(id: number): CaughtMessage | undefined;
  clear(): void;
}

/** The last `max` messages, in memory. */
export const createMessageStore = (max: number): MessageStore => {
  let messages: CaughtMessage[] = [];
  let last = 0;
  return {
    add(message) {
      const copy = message.messageId ? messages.filter(({ messageId }) => messageId === message.messageId).length : 0;
      last += 1;
      const caught = { ...message, id: last, copy, receivedAt: new Date().toISOString() };
      messages = [caught, ...messages].slice(0, max);
      return caught;
    },
    list({ to, kind, text, limit = max } = {}) {
      const wanted = (message: CaughtMessage) =>
        (!to || message.to.some((one) => one.toLowerCase() === to.toLowerCase())) &&
        (!kind || message.kind === kind) &&
        (!text || `${message.subject}\n${message.text}`.includes(text));
      return messages.filter(wanted).slice(0, limit);
    },
    get: (id) => messages.find((one) => one.id === id),
    clear: () => {
      messages = [];
    },
  };
};
