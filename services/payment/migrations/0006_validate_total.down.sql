-- A constraint that was proven stays proven.
select 1;
