drop table seller_standing;
