drop table audit_entry;
drop function refuse_audit_change();
