drop function claim_index_tasks(integer, integer, text);
drop function take_document_parts(json);
drop type document_change;
