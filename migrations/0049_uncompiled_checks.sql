-- PostgreSQL takes a definition for millions of states, and compiles what reads them to machine code: a second of work for
-- each definition that a check looks at.
alter function stepwell.states_of(text) set jit = off;
