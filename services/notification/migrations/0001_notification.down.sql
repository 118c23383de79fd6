drop table template_override;
drop table preference;
drop table notification;
drop table cart;
drop table known_order;
drop table contact;
