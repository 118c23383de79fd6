drop table cart_product;
