drop schema provider_sim cascade;
