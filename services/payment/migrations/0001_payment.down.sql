drop table operation;
drop table payment;
drop table settlement;
