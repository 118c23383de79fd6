-- no-transaction
-- What a seller offers: all of it is indexed anew when the seller is suspended or let in again.
drop index concurrently if exists document_part_product_by_seller;
create index concurrently document_part_product_by_seller on document_part ((content ->> 'sellerId')) where type = 'PRODUCT' and part = 'BASE';
