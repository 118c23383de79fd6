drop function tandem.claim_outbox(text, integer, integer, integer, integer, boolean, integer, bigint, bigint[]);
