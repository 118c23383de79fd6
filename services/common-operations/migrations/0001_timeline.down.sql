drop table timeline_reference;
drop table timeline_event;
