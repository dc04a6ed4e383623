-- Map runs of all executions are listed newest first. Their ids say nothing of when they began.

create index map_runs_started on stepwell.map_runs (bucket, started_at, id);
