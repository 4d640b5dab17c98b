//! What an `[[agent]]` is: the harness on the host, or a program.

/// The kind of an agent that `fleet.toml` declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentKind {
    /// The `OpenHands` harness on the host.
    OpenHands,
    /// A program that leaves a patch.
    Command,
}

impl AgentKind {
    /// All of them.
    const ALL: [AgentKind; 2] = [AgentKind::OpenHands, AgentKind::Command];

    /// As `kind` of an agent has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            AgentKind::OpenHands => "openhands",
            AgentKind::Command => "command",
        }
    }

    /// The kind that is called so.
    pub(super) fn find(text: &str) -> Option<AgentKind> {
        AgentKind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}
