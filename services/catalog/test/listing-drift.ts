import type { Database } from "@tandem/postgres";

/** Rows of `listing` that are not what product, price and stock say, and those that are missing. */
export const listingDrift = async (database: Database): Promise<readonly unknown[]> => {
  const told = `
    select p.id, pr.currency, p.seller_id, p.category_id, p.name, pr.amount_minor, pr.regular_minor, coalesce(st.available, 0) > 0
    from product p join listing_price pr on pr.product_id = p.id left join listing_stock st on st.product_id = p.id
    where p.status = 'ACTIVE'`;
  const { rows } = await database.query(
    `(select 'wrong' as what, * from (table listing except ${told}) w) union all (select 'missing', * from (${told} except table listing) m)`,
  );
  return rows;
};
