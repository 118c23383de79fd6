-- A product that was deleted is sold no more, whatever lies on the shelf. Final.
alter table stock add column discontinued boolean not null default false;
