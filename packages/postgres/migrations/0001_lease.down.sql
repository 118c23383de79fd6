DROP TABLE tandem.lease;
DROP SEQUENCE tandem.lease_token;
