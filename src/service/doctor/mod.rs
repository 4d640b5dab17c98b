//! Everything that a run depends on, checked here and on all hosts at once; what is wrong comes with what to do.

mod advice;
mod facts;
mod health_check;
mod here;
mod host;

pub use health_check::HealthCheck;

use super::Project;

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
