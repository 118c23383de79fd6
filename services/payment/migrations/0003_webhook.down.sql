drop table provider_webhook;
