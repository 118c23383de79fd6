-- no-transaction
-- What lies in a category: all of it is indexed anew when the category is moved.
drop index concurrently if exists document_part_product_by_category;
create index concurrently document_part_product_by_category on document_part ((content ->> 'categoryId')) where type = 'PRODUCT' and part = 'BASE';
