alter table stock drop column discontinued;
