import type { Transaction } from "@tandem/postgres";
import type { MovementRepository } from "../biz/ports.ts";
import { movementTable } from "./schema.ts";

export const makeMovementRepository = (tx: Transaction): MovementRepository => ({
  async createMany(movements) {
    if (movements.length > 0) await tx.insert(movementTable).values([...movements]);
  },
});
