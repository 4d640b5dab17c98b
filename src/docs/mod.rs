//! The manual; and why it is so: one page for each decision, with its price and what would change our mind.

/// The manual, which `fleet help TOPIC` prints.
pub mod manual {
    #[doc = include_str!("manual/verbs.md")]
    pub mod verbs {}
    #[doc = include_str!("manual/config.md")]
    pub mod config {}
    #[doc = include_str!("manual/assignments.md")]
    pub mod assignments {}
    #[doc = include_str!("manual/datasets.md")]
    pub mod datasets {}
    #[doc = include_str!("manual/images.md")]
    pub mod images {}
    #[doc = include_str!("manual/agents.md")]
    pub mod agents {}
    #[doc = include_str!("manual/harness.md")]
    pub mod harness {}
    #[doc = include_str!("manual/grading.md")]
    pub mod grading {}
    #[doc = include_str!("manual/accounts.md")]
    pub mod accounts {}
    #[doc = include_str!("manual/planning.md")]
    pub mod planning {}
    #[doc = include_str!("manual/operating.md")]
    pub mod operating {}
    #[doc = include_str!("manual/faults.md")]
    pub mod faults {}
    #[doc = include_str!("manual/formats.md")]
    pub mod formats {}
    #[doc = include_str!("manual/promises.md")]
    pub mod promises {}
    #[doc = include_str!("manual/development.md")]
    pub mod development {}
    #[doc = include_str!("forged-runs.md")]
    pub mod forged_runs {}
}

#[doc = include_str!("decisions/0001-one-open-link-per-host.md")]
pub mod one_open_link_per_host {}
#[doc = include_str!("decisions/0002-the-journal-is-the-only-remote-truth.md")]
pub mod the_journal_is_the_only_remote_truth {}
#[doc = include_str!("decisions/0003-state-and-event-in-one-transaction.md")]
pub mod state_and_event_in_one_transaction {}
#[doc = include_str!("decisions/0004-the-lease-is-a-lock-and-hosts-fence-by-epoch.md")]
pub mod the_lease_is_a_lock_and_hosts_fence_by_epoch {}
#[doc = include_str!("decisions/0005-the-supervisor-holds-its-slot-as-stdin.md")]
pub mod the_supervisor_holds_its_slot_as_stdin {}
#[doc = include_str!("decisions/0006-a-subreaper-instead-of-cgroups.md")]
pub mod a_subreaper_instead_of_cgroups {}
#[doc = include_str!("decisions/0007-collect-is-a-verb-and-verifies-by-manifest.md")]
pub mod collect_is_a_verb_and_verifies_by_manifest {}
#[doc = include_str!("decisions/0008-no-placeholders-in-shell-scripts.md")]
pub mod no_placeholders_in_shell_scripts {}
#[doc = include_str!("decisions/0009-a-static-binary-pushed-by-digest.md")]
pub mod a_static_binary_pushed_by_digest {}
#[doc = include_str!("decisions/0010-names-from-a-safe-alphabet.md")]
pub mod names_from_a_safe_alphabet {}
#[doc = include_str!("decisions/0011-native-phases-are-processes.md")]
pub mod native_phases_are_processes {}
#[doc = include_str!("decisions/0012-only-missing-layers-move.md")]
pub mod only_missing_layers_move {}
#[doc = include_str!("decisions/0013-the-host-shows-and-home-decides.md")]
pub mod the_host_shows_and_home_decides {}
#[doc = include_str!("decisions/0014-one-word-for-all-that-keeps-jobs-from-starting.md")]
pub mod one_word_for_all_that_keeps_jobs_from_starting {}
#[doc = include_str!("decisions/0015-a-choice-is-made-when-a-slot-is-free.md")]
pub mod a_choice_is_made_when_a_slot_is_free {}
#[doc = include_str!("decisions/0016-whose-fault-decides-what-is-done.md")]
pub mod whose_fault_decides_what_is_done {}
#[doc = include_str!("decisions/0018-the-rehearsal-is-the-engine-in-another-time.md")]
pub mod the_rehearsal_is_the_engine_in_another_time {}
#[doc = include_str!("decisions/0017-a-harness-is-a-version-and-results-carry-its-profile.md")]
pub mod a_harness_is_a_version_and_results_carry_its_profile {}
#[doc = include_str!("decisions/0027-absence-is-no-proof.md")]
pub mod absence_is_no_proof {}
#[doc = include_str!("decisions/0028-what-failed-anywhere-has-failed.md")]
pub mod what_failed_anywhere_has_failed {}
#[doc = include_str!("decisions/0026-secrets-are-handed-over-and-one-redactor-quotes.md")]
pub mod secrets_are_handed_over_and_one_redactor_quotes {}
#[doc = include_str!("decisions/0021-what-the-tests-do-is-theirs-and-an-engine-has-many-roots.md")]
pub mod what_the_tests_do_is_theirs_and_an_engine_has_many_roots {}
#[doc = include_str!("decisions/0022-inputs-travel-ahead-in-pieces.md")]
pub mod inputs_travel_ahead_in_pieces {}
#[doc = include_str!("decisions/0023-a-login-shell-is-told-one-line.md")]
pub mod a_login_shell_is_told_one_line {}
#[doc = include_str!("decisions/0024-what-hosts-remember-is-gathered-before-it-is-recorded.md")]
pub mod what_hosts_remember_is_gathered_before_it_is_recorded {}
#[doc = include_str!("decisions/0025-a-time-is-compared-with-times-of-the-same-clock.md")]
pub mod a_time_is_compared_with_times_of_the_same_clock {}
#[doc = include_str!("decisions/0029-the-runner-is-the-datasets-and-its-stream-is-read-alone.md")]
pub mod the_runner_is_the_datasets_and_its_stream_is_read_alone {}
#[doc = include_str!("decisions/0019-what-is-left-of-an-attempt-is-known-in-several-ways.md")]
pub mod what_is_left_of_an_attempt_is_known_in_several_ways {}
#[doc = include_str!("decisions/0030-one-answer-to-why-it-waits.md")]
pub mod one_answer_to_why_it_waits {}
#[doc = include_str!("decisions/0031-gold-shows-how-an-honest-run-ends.md")]
pub mod gold_shows_how_an_honest_run_ends {}
#[doc = include_str!("decisions/0032-pytest-tells-its-results-twice.md")]
pub mod pytest_tells_its_results_twice {}
#[doc = include_str!("decisions/0033-runtime-images-are-known-by-their-repository.md")]
pub mod runtime_images_are_known_by_their_repository {}
#[doc = include_str!("decisions/0034-podman-is-known-by-its-parts.md")]
pub mod podman_is_known_by_its_parts {}
#[doc = include_str!("decisions/0035-the-fleet-is-facts-what-follows-and-notes.md")]
pub mod the_fleet_is_facts_what_follows_and_notes {}
#[doc = include_str!("decisions/0036-services-know-no-terminal.md")]
pub mod services_know_no_terminal {}
#[doc = include_str!("decisions/0037-one-door-for-files-and-one-sanitiser.md")]
pub mod one_door_for_files_and_one_sanitiser {}
#[doc = include_str!("decisions/0038-a-fault-is-one-of-a-catalogue.md")]
pub mod a_fault_is_one_of_a_catalogue {}
