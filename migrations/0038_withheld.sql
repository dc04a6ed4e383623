-- What the worker's claims leave out although it has room, and why, as its capacity sees it: {"function": "reason"}. Null: a
-- program of an earlier version, which does not say.
alter table stepwell.workers add column withheld jsonb;
