-- What hosts cannot say, and what has not been heard of them.

-- No table changes. The events `doubted` and `unfit`, the subject 'memory HOST' of a stand, and a request to record verdicts
-- are new: a build that knows format 3 alone could not read them.
pragma user_version = 4;
