drop table standin_shipment;
