drop index operation_by_finish;
drop table settlement_file_line;
drop table settlement_file;
