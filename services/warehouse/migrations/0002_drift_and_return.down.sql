drop table stock_return;
drop table stock_drift;
