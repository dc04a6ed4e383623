-- What is set for functions in the whole installation, whichever workers offer them.

create table stepwell.functions (
    name            text        primary key check (name ~ '^[A-Za-z0-9_-]{1,64}$'),
    -- Calls that nobody waits for: how often they are made again, how old they may become, and where their results go.
    retries         int         not null default 2 check (retries between 0 and 2),
    maximum_age     int         not null default 21600 check (maximum_age between 60 and 21600),
    on_success      text,
    on_failure      text,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now()
);

select stepwell.grant_rights();
