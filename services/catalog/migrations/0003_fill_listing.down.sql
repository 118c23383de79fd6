-- The table goes with the migration before this one.
select 1;
