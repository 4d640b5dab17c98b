//! Everything that a run depends on, checked here and on all hosts at once; what is wrong comes with what to do.

mod advice;
mod facts;
mod here;
mod host;

use serde::Serialize;

use super::Project;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub struct HealthCheck {
    /// Where: `here`, or a host.
    pub place: String,
    /// What was looked at.
    pub what: &'static str,
    /// Is it as it should be?
    pub ok: bool,
    /// What was found.
    pub found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// What --fix does about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// It has been done.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub fixed: bool,
}

/// Looks at everything. With `mend`, what is safe to mend is mended.
pub async fn check_everything(mend: bool, project: &Project) -> Vec<HealthCheck> {
    let questions = host::HostQuestions::new(project, mend);
    let hosts = futures::future::join_all(
        project
            .config
            .hosts
            .iter()
            .map(|config| host::check_host(project, config, &questions)),
    );
    let (mut checks, hosts) = futures::join!(here::check_here(project), hosts);
    checks.extend(hosts.into_iter().flatten());
    checks
}

fn check(place: &str, what: &'static str, found: impl Into<String>, remedy: Option<String>) -> HealthCheck {
    HealthCheck {
        place: place.to_owned(),
        what,
        ok: remedy.is_none(),
        found: found.into(),
        remedy,
        fix: None,
        fixed: false,
    }
}
