drop table settlement_file_line;
drop table settlement_file;
