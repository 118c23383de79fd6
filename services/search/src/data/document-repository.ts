import type { Transaction } from "@tandem/postgres";
import type { DocumentRepository } from "../biz/ports.ts";

const SELLER_LOCK = "hashtextextended('search seller ' || $1, 0)";
const LOCK_SELLER = `select pg_advisory_xact_lock(${SELLER_LOCK})`;
const LOCK_CUSTOMER = "select pg_advisory_xact_lock(hashtextextended('search customer ' || $1, 0))";

const PUT_STANDING = `
  with before as (select suspended from seller_standing where seller_id = $1::uuid),
  put as (
    insert into seller_standing as s (seller_id, version, suspended) values ($1::uuid, $2, $3)
    on conflict (seller_id) do update set version = excluded.version, suspended = excluded.suspended
    where s.version < excluded.version returning suspended)
  select put.suspended is distinct from coalesce((select suspended from before), false) as changed from put`;

const LOCK_CATEGORIES = "select pg_advisory_xact_lock(hashtextextended('search categories', 0))";

/** A category that nobody told of lies at the top. */
const PUT_CATEGORY_PATH = `
  with before as (select path from category_path where category_id = $1::uuid),
  put as (
    insert into category_path as c (category_id, version, path) values ($1::uuid, $2, $3)
    on conflict (category_id) do update set version = excluded.version, path = excluded.path
    where c.version < excluded.version returning path)
  select put.path is distinct from coalesce((select path from before), array[$1::uuid]) as changed from put`;

/** Of documents that the statement has locked, in their order: raises their versions and leaves their tasks. */
const TOUCH_LOCKED = `
  touched as (
    update document d set version = d.version + 1, updated_at = now(), customer_id = case when $2 then null else d.customer_id end
    from locked where d.type = locked.type and d.id = locked.id
    returning d.type, d.id, d.version)
  insert into index_task (type, id, version) select type, id, version from touched order by type, id
  on conflict (type, id) do update
  set version = excluded.version, status = 'OPEN', due_at = now(), attempts = 0, last_error = '', parked_at = null`;

/** All that a seller offers, or that lies in a category, in one statement: it may be a hundred thousand. */
const touchProductsBy = (key: "sellerId" | "categoryId") => `
  with locked as materialized (
    select d.type, d.id from document d
    join document_part p on p.type = d.type and p.id = d.id and p.part = 'BASE' and p.content ->> '${key}' = $1
    where p.type = 'PRODUCT' order by d.type, d.id for no key update of d),
  ${TOUCH_LOCKED}`;
const TOUCH_PRODUCTS_OF = touchProductsBy("sellerId");
const TOUCH_PRODUCTS_IN = touchProductsBy("categoryId");

const BLANK_ORDERS_OF = `
  with locked as materialized (
    select type, id from document where customer_id = $1 order by type, id for no key update),
  blanked as (
    update document_part p set content = p.content - 'customerId' || '{"personal": ""}'
    from locked where p.type = locked.type and p.id = locked.id and p.part = 'BASE'),
  ${TOUCH_LOCKED}`;

/** What concerns many documents at once, each with its task for the engine in the same transaction. Locks: as in `take_document_parts`. */
export const makeDocumentRepository = (tx: Transaction): DocumentRepository => ({
  async putStanding(sellerId, version, suspended) {
    await tx.client.query(LOCK_SELLER, [sellerId]);
    const { rows } = await tx.client.query<{ changed: boolean }>(PUT_STANDING, [sellerId, version, suspended]);
    if (!rows[0]?.changed) return 0;
    const { rowCount } = await tx.client.query(TOUCH_PRODUCTS_OF, [sellerId, false]);
    return rowCount ?? 0;
  },

  async putCategoryPath(categoryId, version, path) {
    await tx.client.query(LOCK_CATEGORIES);
    const { rows } = await tx.client.query<{ changed: boolean }>(PUT_CATEGORY_PATH, [categoryId, version, [...path]]);
    if (!rows[0]?.changed) return 0;
    const { rowCount } = await tx.client.query(TOUCH_PRODUCTS_IN, [categoryId, false]);
    return rowCount ?? 0;
  },

  async eraseCustomer(customerId) {
    await tx.client.query(LOCK_CUSTOMER, [customerId]);
    await tx.client.query("insert into erased_customer (customer_id) values ($1) on conflict do nothing", [customerId]);
    const { rowCount } = await tx.client.query(BLANK_ORDERS_OF, [customerId, true]);
    return rowCount ?? 0;
  },
});
