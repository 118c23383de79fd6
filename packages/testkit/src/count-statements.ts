import pg from "pg";

/**
 * What `work` has this process say to Postgres, over whatever connection: statement texts in their order, BEGIN and COMMIT included. Nothing
 * else may run beside it. For rules about how many statements something costs: a number that no machine changes.
 */
export const countStatements = async (work: () => Promise<unknown>): Promise<readonly string[]> => {
  const said: string[] = [];
  const { prototype } = pg.Client;
  const query = prototype.query;
  prototype.query = function (this: pg.Client, ...args: unknown[]) {
    const [config] = args as [string | { readonly text: string }];
    const text = typeof config === "string" ? config : config.text;
    said.push(text.replaceAll(/\s+/g, " ").trim());
    return Reflect.apply(query, this, args);
  } as typeof query;
  try {
    await work();
  } finally {
    prototype.query = query;
  }
  return said;
};
