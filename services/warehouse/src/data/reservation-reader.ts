import type { Orm } from "@tandem/postgres";
import { eq } from "drizzle-orm";
import type { ReservationReader } from "../biz/ports.ts";
import { reservationNotFound } from "../model/errors.ts";
import { reservationTable } from "./schema.ts";

export const makeReservationReader = (orm: Orm): ReservationReader => ({
  async getByOrderId(orderId) {
    const [row] = await orm.select().from(reservationTable).where(eq(reservationTable.orderId, orderId));
    if (!row) throw reservationNotFound(orderId);
    return row;
  },
});
