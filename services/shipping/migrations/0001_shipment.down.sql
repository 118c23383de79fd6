drop table erased_customer;
drop table label_document;
drop table tracking_event;
drop table operation;
drop table shipment;
