-- Fulfillment and shipping do it now.
drop table standin_shipment;
