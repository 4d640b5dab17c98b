-- Native phases: what they say of an attempt, and trajectories that exist before their job does.

pragma user_version = 2;

-- What the native phases of an attempt said (phases that are paid for, a fault, a verdict), as JSON.
alter table attempt add column told text;

-- A trajectory that came with the job: it is evaluated, and none is made. Kept among the datasets, by content.
alter table job add column trajectory_sha256 text
    constraint job_trajectory_fk references dataset (sha256);
alter table job add column trajectory_path text
    constraint job_trajectory_has_path check ((trajectory_path is null) = (trajectory_sha256 is null));

create index job_trajectory on job (trajectory_sha256) where trajectory_sha256 is not null;
