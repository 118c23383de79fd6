drop function tandem.claim_outbox_batch;
