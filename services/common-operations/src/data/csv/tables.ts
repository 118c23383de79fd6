import type { Tables } from "../../biz/ports.ts";
import { readTable } from "./read-table.ts";
import { writeTable } from "./write-table.ts";

export const csvTables: Tables = { read: readTable, write: writeTable };
