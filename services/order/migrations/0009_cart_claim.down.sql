drop table cart_claim;
