-- What somebody asks who watches: what a document says, and how much workers have in hand.

-- A member of a document as text; null where there is none, or where text can't hold it.
create function stepwell.field(p_document json, p_path text[]) returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return p_document #>> p_path;
exception when data_exception then
    return null;
end $$;

-- How many steps the worker had in hand when it was last seen.
alter table stepwell.workers add column in_hand int not null default 0;

revoke execute on all functions in schema stepwell from public;
