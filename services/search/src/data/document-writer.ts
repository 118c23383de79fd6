import type { Database } from "@tandem/postgres";
import type { DocumentWriter, PartChange, PartOutcome } from "../biz/ports.ts";
import { keysOf } from "../model/index-entry.ts";

/** Postgres keeps neither NUL nor half a surrogate pair; JSON spells both with an escape. */
const toJson = (value: unknown): string => {
  const json = JSON.stringify(value);
  if (!/\\u(0000|d[89a-f])/.test(json)) return json;
  return JSON.stringify(value, (_, one: unknown) =>
    typeof one === "string" ? one.replaceAll("\u0000", "").toWellFormed() : one,
  );
};

const rowOf = ({ type, id, part, event }: PartChange, n: number) => {
  const row = {
    n,
    consumer: event?.consumer,
    event: event?.id,
    type,
    id,
    part: part.part,
    version: part.version.toString(),
    deleted: part.deleted,
    content: part.content,
  };
  if (part.part !== "BASE") return row;
  const { sellerId, customerId } = part.content;
  return {
    ...row,
    // A deleted one is indexed under no key, and takes those away that it had.
    keys: part.deleted ? undefined : keysOf({ type, id }, part.content),
    seller: type === "PRODUCT" ? sellerId : undefined,
    customer: customerId,
  };
};

/** `onApplied` runs after the commit of what changed anything: there is something to tell the engine. */
export const makeDocumentWriter = (
  database: Pick<Database, "query">,
  onApplied: () => void = () => {},
): DocumentWriter => ({
  async applyParts(changes, signal) {
    if (changes.length === 0) return [];
    const { rows } = await database.query<{ applied: number[]; repeated: number[] }>(
      {
        name: "search take parts",
        text: "select applied, repeated from take_document_parts($1)",
        values: [toJson(changes.map(rowOf))],
      },
      undefined,
      signal,
    );
    const outcomes: PartOutcome[] = changes.map(() => "stale");
    for (const n of rows[0]?.applied ?? []) outcomes[n] = "applied";
    for (const n of rows[0]?.repeated ?? []) outcomes[n] = "duplicate";
    if (rows[0] && rows[0].applied.length > 0) onApplied();
    return outcomes;
  },
});
