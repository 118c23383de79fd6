import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { isSecretKey, MASK, maskText } from "@tandem/runtime";
import type { JsonObject, JsonValue } from "../model/timeline-event.ts";

/** Names of fields that tell who a person is, where the contract does not say so itself (`debug_redact`). */
const PERSONAL = new Set(
  [
    "address email phone recipient line1 line2 postalcode displayname firstname lastname fullname birthdate",
    "notes note text ip ipaddress useragent iban",
  ]
    .join(" ")
    .split(" "),
);
const isPersonalKey = (key: string): boolean => PERSONAL.has(key.replace(/[-_]/g, "").toLowerCase());
const MAX_DEPTH = 32;

const isRedacted = (field: DescField | undefined): boolean => field?.proto.options?.debugRedact === true;

/**
 * The payload as it may be kept for months and shown to the staff: fields that the contract redacts, secrets and personal data are
 * replaced at any depth, known to this build or not. Numbers and flags of unknown fields stay, and so does what leads nowhere.
 */
export const maskPayload = (schema: DescMessage, payload: JsonObject): JsonObject => {
  const mask = (value: JsonValue, desc: DescMessage | undefined, depth: number): JsonValue => {
    if (typeof value === "string") return maskText(value.replaceAll("\0", "\ufffd"));
    if (typeof value !== "object" || value === null) return value;
    if (depth > MAX_DEPTH) return MASK;
    if (Array.isArray(value)) return value.map((item) => mask(item, desc, depth + 1));
    const fields = new Map(desc?.fields.flatMap((field) => [[field.jsonName, field] as const, [field.name, field]]));
    return Object.fromEntries(
      Object.entries(value as JsonObject).map(([name, item]) => {
        const field = fields.get(name);
        const key = name.replaceAll("\0", "\ufffd");
        // An object under a personal name (`address`) is looked into: its country says nothing about anybody.
        const personal = isPersonalKey(name) && (typeof item === "string" || typeof item === "number");
        const secret = isSecretKey(name) && item !== null && typeof item !== "boolean";
        if (item !== "" && item !== null && (isRedacted(field) || secret || personal)) return [key, MASK];
        return [key, mask(item, messageOf(field), depth + 1)];
      }),
    );
  };
  return mask(payload, schema, 0) as JsonObject;
};

const messageOf = (field: DescField | undefined): DescMessage | undefined => field?.message ?? undefined;
