drop function category_paths;
drop table category_path;
