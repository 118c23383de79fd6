drop table movement;
drop table reservation;
drop table stock;
