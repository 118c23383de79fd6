import type { Transaction } from "@tandem/postgres";
import type { DocumentRepository } from "../biz/ports.ts";
import {
  type BaseContent,
  type DocumentParts,
  type DocumentType,
  type Part,
  withoutPerson,
} from "../model/document.ts";
import { entriesOf } from "../model/index-entry.ts";
import { type DocumentRow, documentFromRow, SELECT_DOCUMENTS } from "./document-row.ts";

const ENQUEUE = `
  insert into index_task (type, id, version) values ($1, $2, $3)
  on conflict (type, id) do update
  set version = excluded.version, status = 'OPEN', due_at = now(), attempts = 0, last_error = '', parked_at = null`;

const PUT_PART = `
  insert into document_part (type, id, part, version, deleted, content) values ($1, $2, $3, $4, $5, $6)
  on conflict (type, id, part) do update
  set version = excluded.version, deleted = excluded.deleted, content = excluded.content
  where document_part.version < excluded.version`;

const SELLER_LOCK = "hashtextextended('search seller ' || $1, 0)";
const LOCK_SELLER_SHARED = `select pg_advisory_xact_lock_shared(${SELLER_LOCK})`;
const LOCK_SELLER = `select pg_advisory_xact_lock(${SELLER_LOCK})`;

const PUT_STANDING = `
  with before as (select suspended from seller_standing where seller_id = $1::uuid),
  put as (
    insert into seller_standing as s (seller_id, version, suspended) values ($1::uuid, $2, $3)
    on conflict (seller_id) do update set version = excluded.version, suspended = excluded.suspended
    where s.version < excluded.version returning suspended)
  select put.suspended is distinct from coalesce((select suspended from before), false) as changed from put`;

/** All that a seller offers, in one statement: it may be a hundred thousand. */
const TOUCH_PRODUCTS_OF = `
  with touched as (
    update document d set version = d.version + 1, updated_at = now()
    from document_part p
    where p.type = 'PRODUCT' and p.part = 'BASE' and p.content ->> 'sellerId' = $1 and d.type = p.type and d.id = p.id
    returning d.type, d.id, d.version)
  insert into index_task (type, id, version) select type, id, version from touched
  on conflict (type, id) do update
  set version = excluded.version, status = 'OPEN', due_at = now(), attempts = 0, last_error = '', parked_at = null`;

/** Postgres keeps neither NUL nor half a surrogate pair. */
const toJson = (content: unknown): string =>
  JSON.stringify(content, (_, value: unknown) =>
    typeof value === "string" ? value.replaceAll("\u0000", "").toWellFormed() : value,
  );

const customerOf = ({ parts }: DocumentParts): string | undefined => {
  const base = parts.find(({ part }) => part === "BASE");
  return base && !base.deleted ? (base.content as BaseContent).customerId : undefined;
};

/** Changes of the truth, each with its task for the engine in the same transaction. Locks: the document, then its parts and its task. */
export const makeDocumentRepository = (tx: Transaction): DocumentRepository => {
  const isErased = async (customerId: string): Promise<boolean> => {
    const { rows } = await tx.client.query<{ n: number }>("select 1 as n from erased_customer where customer_id = $1", [
      customerId,
    ]);
    return rows.length > 0;
  };

  /** What reaches us after a person asked to be forgotten names nobody either. */
  const permitted = async (part: Part): Promise<Part> => {
    if (part.part !== "BASE") return part;
    // Against a suspension at the same moment: one of the two sees the other.
    if (part.content.sellerId) await tx.client.query(LOCK_SELLER_SHARED, [part.content.sellerId]);
    if (!part.content.customerId) return part;
    // Shared with nobody who reads, and against a concurrent erasure: one of the two sees the other.
    await tx.client.query("select pg_advisory_xact_lock_shared(hashtextextended('search customer ' || $1, 0))", [
      part.content.customerId,
    ]);
    return (await isErased(part.content.customerId)) ? { ...part, content: withoutPerson(part.content) } : part;
  };

  const changed = async (type: DocumentType, id: string) => {
    const { rows } = await tx.client.query<DocumentRow>(`${SELECT_DOCUMENTS} where d.type = $1 and d.id = $2`, [
      type,
      id,
    ]);
    const [row] = rows;
    if (!row) return;
    const document = documentFromRow(row);
    const version = document.version + 1n;
    const keys = new Set([...document.viewKeys, ...entriesOf(document).map(({ key }) => key)]);
    await tx.client.query(
      "update document set version = $3, customer_id = $4, view_keys = $5, updated_at = now() where type = $1 and id = $2",
      [type, id, version, customerOf(document) ?? null, [...keys]],
    );
    await tx.client.query(ENQUEUE, [type, id, version]);
  };

  return {
    async applyPart(type, id, part) {
      const { part: name, version, deleted, content } = await permitted(part);
      await tx.client.query("insert into document (type, id) values ($1, $2) on conflict do nothing", [type, id]);
      await tx.client.query("select 1 from document where type = $1 and id = $2 for update", [type, id]);
      const { rowCount } = await tx.client.query(PUT_PART, [type, id, name, version, deleted, toJson(content)]);
      if (rowCount === 0) return false;
      await changed(type, id);
      return true;
    },

    async putStanding(sellerId, version, suspended) {
      await tx.client.query(LOCK_SELLER, [sellerId]);
      const { rows } = await tx.client.query<{ changed: boolean }>(PUT_STANDING, [sellerId, version, suspended]);
      if (!rows[0]?.changed) return 0;
      const { rowCount } = await tx.client.query(TOUCH_PRODUCTS_OF, [sellerId]);
      return rowCount ?? 0;
    },

    async eraseCustomer(customerId) {
      await tx.client.query("select pg_advisory_xact_lock(hashtextextended('search customer ' || $1, 0))", [
        customerId,
      ]);
      await tx.client.query("insert into erased_customer (customer_id) values ($1) on conflict do nothing", [
        customerId,
      ]);
      const { rows } = await tx.client.query<{ type: DocumentType; id: string }>(
        "select type, id from document where customer_id = $1 order by type, id for update",
        [customerId],
      );
      for (const { type, id } of rows) {
        await tx.client.query(
          `update document_part set content = content - 'customerId' || '{"personal": ""}' where type = $1 and id = $2 and part = 'BASE'`,
          [type, id],
        );
        await changed(type, id);
      }
      return rows.length;
    },
  };
};
