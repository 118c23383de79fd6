drop table tandem.job_run;
drop table tandem.job;
