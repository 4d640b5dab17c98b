-- Operating a fleet: what is held, jobs that were opened again, how long phases took, which images hosts have.

pragma user_version = 3;

-- Hosts, models, sets and images that are held, or once were.
create table stand (
    -- 'host eval3', 'model gpt', 'set phase8', 'image s3://…'
    subject text not null constraint stand_pk primary key,
    -- The hold that is on it, how often it was in quarantine, when it was let go; as JSON.
    body    text not null
) strict;

-- The last time that a person had the job opened again, and what the next attempt may take over; as JSON.
alter table job add column reopened text;

-- How long each phase took that ended well, as JSON; none if none did.
alter table attempt add column took text;

-- What the past tells of it already.
update attempt set took = (
    select nullif(json_group_array(json_array(ended.body ->> '$.phase', ended.body ->> '$.took')), '[]')
    from (
        select event.body -> '$.journaled.line.what."phase-ended"' as body
        from event
        where event.job_id = attempt.job_id
          and event.body ->> '$.journaled.attempt.n' = attempt.number
          and event.body ->> '$.journaled.line.what."phase-ended".ending.exit' = 0
        order by event.id
    ) as ended
);

-- The images that the host has, as JSON, as far as a coordinator was told; none if it has none.
alter table host add column shelf text;
