-- The store of one coordinator: what was asked for, what happened, and what follows from it.
-- The rows of `job`, `attempt` and `host` follow from `event`. They are written in the same transaction, so that
-- neither a restart nor `fleet status` has to read the whole past.

-- 'flet': a file that does not say so is not ours to write to.
pragma application_id = 0x666c6574;
pragma user_version = 1;

-- One row: what belongs to the database as a whole.
create table meta (
    id    integer not null constraint meta_pk primary key constraint meta_single check (id = 1),
    -- Grows with every coordinator; hosts refuse a smaller one. So it is stored before it is spoken.
    epoch integer not null constraint meta_epoch_counts check (epoch >= 0)
) strict;

insert into meta (id, epoch) values (1, 0);

-- One row for each content that an assignment file was dispatched with.
create table assignment_set (
    id       integer not null constraint assignment_set_pk primary key,
    name     text    not null,
    revision integer not null constraint assignment_set_revision_counts check (revision >= 1),
    -- Neither file nor digest: the jobs were found on hosts, and nobody has shown us their file.
    file     text,
    sha256   text,
    added_at integer not null,
    constraint assignment_set_revision_once unique (name, revision),
    constraint assignment_set_file_with_digest check ((file is null) = (sha256 is null))
) strict;

-- The instances' data, by content: a file that changes on disk after dispatch does not change the jobs.
create table dataset (
    sha256   text    not null constraint dataset_pk primary key
                     constraint dataset_sha256_is_hex check (length(sha256) = 64),
    added_at integer not null,
    -- None: a job found on a host names it, and nobody has shown it to us yet.
    body     text
) strict;

-- Hosts that anything here speaks of; `fleet.toml` may know more, or no longer know them.
create table host (
    name         text not null constraint host_pk primary key,
    -- A person's word that it will never come back.
    gone         text,
    -- The link as the last coordinator saw it: for `fleet status`, never for decisions.
    link         text not null default 'unknown'
                 constraint host_link_is_known check (link in ('unknown', 'up', 'down')),
    link_since   integer,
    link_reason  text,
    link_outlook text constraint host_outlook_is_known check (link_outlook in ('transient', 'permanent')),
    constraint host_link_has_since check ((link = 'unknown') = (link_since is null)),
    constraint host_down_has_reason check ((link = 'down') = (link_reason is not null)),
    constraint host_down_has_outlook check ((link = 'down') = (link_outlook is not null))
) strict;

-- What was asked for (all columns down to `position`, which never change), and how it ended.
create table job (
    id             text    not null constraint job_pk primary key
                           constraint job_id_is_twelve check (length(id) = 12),
    -- The revision that brought it.
    set_id         integer not null constraint job_set_fk references assignment_set (id),
    instance       text    not null,
    model          text    not null,
    run            integer not null constraint job_run_counts check (run >= 0),
    task           text,
    pipeline       text    not null,
    dataset_path   text,
    dataset_sha256 text    constraint job_dataset_fk references dataset (sha256),
    -- Names of variables, as JSON. Never their values.
    env            text    not null,
    -- None: any host.
    host_name      text    constraint job_host_fk references host (name),
    position       integer not null,
    cancel         text    constraint job_cancel_is_known check (cancel in ('soft', 'hard')),
    closed         text    constraint job_closed_is_known
                           check (closed in ('succeeded', 'failed', 'cancelled', 'given-up')),
    closure        text,
    constraint job_dataset_has_path check ((dataset_path is null) = (dataset_sha256 is null)),
    constraint job_closure_with_word check ((closed is null) = (closure is null))
) strict;

create index job_set on job (set_id);
create index job_dataset on job (dataset_sha256) where dataset_sha256 is not null;
create index job_host on job (host_name) where host_name is not null;

-- Every try. The checks mirror `AttemptState`.
create table attempt (
    -- Grows in the order in which the coordinator learned of them, which is not always the order of their numbers.
    id             integer not null constraint attempt_pk primary key,
    job_id         text    not null constraint attempt_job_fk references job (id),
    number         integer not null constraint attempt_number_counts check (number >= 0),
    host_name      text    not null constraint attempt_host_fk references host (name),
    epoch          integer not null,
    state          text    not null constraint attempt_state_is_known check (state in
                   ('intended', 'running', 'refused', 'succeeded', 'failed', 'cancelled', 'lost')),
    phase          text    constraint attempt_phase_of_running check (phase is null or state = 'running'),
    outcome        text,
    seal           text,
    excerpt        text,
    -- The byte of its journal to go on from: stored with the line before it, so that no line counts twice.
    journal_offset integer not null constraint attempt_offset_counts check (journal_offset >= 0),
    intended_at    integer not null,
    since_at       integer not null,
    constraint attempt_number_once unique (job_id, number),
    constraint attempt_outcome_of_ended
        check ((outcome is null) = (state in ('intended', 'running', 'refused')))
) strict;

create index attempt_host on attempt (host_name);

-- The promise itself: whatever the code above believes, a second live attempt of a job cannot be stored.
create unique index attempt_one_live on attempt (job_id) where state in ('intended', 'running');

-- What happened, in order. Append-only.
create table event (
    id     integer not null constraint event_pk primary key,
    at     integer not null,
    -- None for what happens to hosts.
    job_id text    constraint event_job_fk references job (id),
    body   text    not null
) strict;

create index event_job on event (job_id) where job_id is not null;

-- What another process asks of the running coordinator. Gone once granted; what came of it is an event.
create table wish (
    -- Never used twice: the coordinator takes back by number what it has granted.
    id   integer not null constraint wish_pk primary key autoincrement,
    at   integer not null,
    body text    not null
) strict;

-- Attempts whose artifacts are home, whole and verified.
create table collected (
    attempt_id integer not null constraint collected_pk primary key
                       constraint collected_attempt_fk references attempt (id),
    at         integer not null,
    path       text    not null,
    -- What they were verified against.
    seal       text    not null
) strict;
