// A promotion that starts while a product gets its first price: neither transaction sees the other's row, and nobody would
// announce the reduced price. So whoever sets prices passes this gate together with others, whoever queues a promotion's
// products passes it alone: one of the two comes second, and sees.
// It stands before announcements and prices in the order of locks, and opens when the transaction ends.

/** An expression for the statement that takes the first lock. */
export const PASS_GATE = "pg_advisory_xact_lock_shared(10, 1)";

/** A statement of its own: what the next one sees must be younger than the lock. */
export const CLOSE_GATE = "select pg_advisory_xact_lock(10, 1)";
