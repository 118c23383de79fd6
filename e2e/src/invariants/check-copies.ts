import type { FindViolations } from "../check-invariants.ts";
import type { Databases } from "../databases.ts";

interface Announced extends Record<string, unknown> {
  readonly id: string;
  readonly version: string;
}

const lastAnnounced = (databases: Databases, context: "catalog" | "pricing", topics: readonly string[]) =>
  databases.query<Announced>(
    context,
    `select subject as id, max(aggregate_version)::text as version from tandem.outbox_event
     where topic = any ($1::text[]) group by subject`,
    [topics],
  );

/**
 * What order keeps of products is what was announced last. Its consumers keep versions rather than inbox rows, so that a lost event shows here
 * and nowhere else.
 */
export const checkCopies = async (find: FindViolations, databases: Databases): Promise<string[]> => {
  const [products, prices] = await Promise.all([
    lastAnnounced(databases, "catalog", ["product.created", "product.updated", "product.deleted"]),
    lastAnnounced(databases, "pricing", ["price.changed"]),
  ]);
  const compare = (rule: string, column: string, announced: readonly Announced[]) =>
    find(
      rule,
      "order",
      `select a.id, a.version as announced, p.${column} as known
       from unnest($1::uuid[], $2::bigint[]) a (id, version) left join cart_product p on p.product_id = a.id
       where p.${column} is distinct from a.version`,
      [announced.map(({ id }) => id), announced.map(({ version }) => version)],
    );
  return (
    await Promise.all([
      compare("a product that carts do not know as it was announced", "product_version", products),
      compare("a price that carts do not know as it was announced", "price_version", prices),
    ])
  ).flat();
};
