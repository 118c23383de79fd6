drop table listing_stock;
drop table listing_price;
drop table product;
drop table category;
drop table seller;
