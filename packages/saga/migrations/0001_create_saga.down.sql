drop table tandem.saga_step;
drop table tandem.saga_timer;
drop table tandem.saga;
