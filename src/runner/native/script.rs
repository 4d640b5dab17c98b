//! The text that bash runs in the container: the environment that people know, then the dataset's whole
//! command. Pure.

use crate::domain::Instance;

/// Proxies that were true where the image was made, and lead nowhere now.
const NO_PROXY: &str =
    "unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ftp_proxy FTP_PROXY all_proxy ALL_PROXY";

/// The environment that the image has for its tests.
const SAVED: &str = r#"fleet_env=
for fleet_file in /saved/ENV /saved/*/ENV; do
  if [ -z "$fleet_env" ] && [ -e "$fleet_file" ]; then fleet_env=$fleet_file; fi
done
if [ -n "$fleet_env" ]; then
  . "$fleet_env"
else
  for fleet_file in /opt/miniconda3 /opt/conda; do
    if [ -z "$fleet_env" ] && [ -e "$fleet_file/etc/profile.d/conda.sh" ]; then
      fleet_env=$(ls "$fleet_file/envs" 2>/dev/null | head -n 1)
      . "$fleet_file/etc/profile.d/conda.sh"
      conda activate "${fleet_env:-base}"
      fleet_env=conda
    fi
  done
fi
unset fleet_env fleet_file"#;

/// What bash runs, in the repository.
/// With `plugins`, Python finds what lies in that directory after all else that `PYTHONPATH` names.
pub(super) fn script(instance: &Instance, plugins: Option<&str>) -> String {
    let command = &instance.test_command;
    let repo = quoted(instance.repo_path.trim_end_matches('/'));
    let mut lines = Vec::new();
    // A command that sees to its environment itself does so in its own order.
    if !command.contains("/saved/") && !command.contains("conda activate") {
        lines.push(SAVED.to_owned());
    }
    lines.push(NO_PROXY.to_owned());
    if let Some(plugins) = plugins {
        lines.push(format!(
            r#"export PYTHONPATH="${{PYTHONPATH:+$PYTHONPATH:}}"{}"#,
            quoted(plugins)
        ));
    }
    // A link to the repository in itself would have its tests collected twice.
    lines.push(format!(
        r#"if [ -L {repo}/repo ] && [ {repo}/repo -ef {repo} ]; then export PYTEST_ADDOPTS="${{PYTEST_ADDOPTS-}} --ignore="{repo}/repo; fi"#
    ));
    lines.push(format!("cd {repo} || exit"));
    lines.push(command.clone());
    lines.join("\n")
}

/// One word for a shell, whatever it holds.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(command: &str) -> Instance {
        let text = serde_json::json!({
            "instance_id": "x-1", "repo": "o/r", "base_commit": "0123456", "FAIL_TO_PASS": [],
            "PASS_TO_PASS": [], "test_command": command, "test_output_parser": "p", "repo_path": "/app/it's",
        });
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn the_whole_command_is_the_last_thing_that_runs() {
        let command = "export A=1 && cd sub && pytest -rA";
        let text = script(&instance(command), None);
        assert!(text.ends_with(&format!("cd '/app/it'\\''s' || exit\n{command}")));
        assert!(text.contains(". \"$fleet_env\""));
    }

    #[test]
    fn a_command_that_sources_its_environment_is_not_helped() {
        let text = script(
            &instance("source /saved/ENV || source /saved/*/ENV && pytest"),
            None,
        );
        assert!(!text.contains("fleet_env") && text.contains("unset http_proxy"));
    }

    #[test]
    fn plug_ins_are_found_after_all_that_the_image_names() {
        let text = script(&instance("pytest"), Some("/.fleet-1"));
        assert!(text.contains("\nexport PYTHONPATH=\"${PYTHONPATH:+$PYTHONPATH:}\"'/.fleet-1'\n"));
    }
}
