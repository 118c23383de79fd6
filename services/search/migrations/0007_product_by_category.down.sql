-- no-transaction
drop index concurrently if exists document_part_product_by_category;
