use std::io;

use linux_support::{
    base::{Bytes, Machine, Reading},
    memory::{MemoryInformation, Overcommit, OvercommitMode},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::presentation::Page;

/// How much memory may be promised, and how much is.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Promised {
    #[serde(flatten)]
    settings: Overcommit,
    /// How much has been promised.
    #[serde(skip_serializing_if = "Option::is_none")]
    committed: Option<Bytes>,
    /// How much may be promised where the mode is never to promise more.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<Bytes>,
}

impl Promised {
    /// Reads the settings; what they lead to is in meminfo.
    pub(super) fn read(machine: &Machine, meminfo: &Reading<MemoryInformation>) -> Self {
        let meminfo = meminfo.value();
        Self {
            settings: Overcommit::read(machine),
            committed: meminfo.and_then(|meminfo| meminfo.committed),
            limit: meminfo.and_then(|meminfo| meminfo.commit_limit),
        }
    }

    pub(super) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Overcommit")?;
        let settings = &self.settings;
        let mode = match &settings.mode {
            Reading::Value(OvercommitMode::Guess) => "what is not obviously too much".to_owned(),
            Reading::Value(OvercommitMode::Always) => "always".to_owned(),
            Reading::Value(OvercommitMode::Never) => "never".to_owned(),
            Reading::Value(other) => format!("{other:?}"),
            Reading::Unavailable(error) => format!("({})", error.reason()),
        };
        let counted = match (settings.size.value(), &settings.ratio_percent) {
            (Some(size), _) if *size > Bytes::new(0) => format!("{size}, and all swap"),
            (_, Reading::Value(ratio)) => {
                format!("{ratio} % of the memory outside of pools of huge pages, and all swap")
            }
            (_, Reading::Unavailable(error)) => format!("({})", error.reason()),
        };
        let shown = |size: Option<Bytes>| size.map_or_else(|| "-".to_owned(), |size| size.to_string());
        page.values(&[
            ("more is promised than there is", mode),
            ("promised", self.against_the_limit()),
            ("limit, where never", shown(self.limit)),
            ("what counts for the limit", counted),
            ("kept for root", settings.admin_reserve.to_string()),
            ("kept for a user, where never", settings.user_reserve.to_string()),
        ])
    }

    fn against_the_limit(&self) -> String {
        match (self.committed, self.limit) {
            (Some(committed), Some(limit)) if limit > Bytes::new(0) => {
                let percent = u128::from(committed.get()) * 100 / u128::from(limit.get());
                let holds = matches!(self.settings.mode, Reading::Value(OvercommitMode::Never));
                let holds = if holds { "" } else { ", which does not hold" };
                format!("{committed}, {percent} % of the limit{holds}")
            }
            (Some(committed), _) => committed.to_string(),
            (None, _) => "-".to_owned(),
        }
    }
}
