drop schema carrier_sim cascade;
