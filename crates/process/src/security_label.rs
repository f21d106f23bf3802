//! What a security module calls a task, in its parts.

use core::fmt;

use linux_support_base::ByteString;

linux_support_base::named! {
    /// What AppArmor does with what a profile does not allow.
    AppArmorMode {
        /// It refuses it.
        Enforce = "enforce",
        /// It allows and logs it.
        Complain = "complain",
        /// It ends the program.
        Kill = "kill",
        /// It asks a program.
        Prompt = "prompt",
        /// The profile allows everything.
        Unconfined = "unconfined",
        /// Different things, by different profiles of a stack.
        Mixed = "mixed",
    }
}

/// The label of a task, as SELinux or AppArmor writes it.
///
/// ```
/// use linux_support_process::{AppArmorMode, SecurityLabel};
///
/// let label = SecurityLabel::parse(b"/usr/sbin/ntpd (enforce)\n");
/// let SecurityLabel::AppArmor { profile, mode } = label else { panic!() };
/// assert_eq!((profile.as_bytes(), mode), (&b"/usr/sbin/ntpd"[..], AppArmorMode::Enforce));
/// ```
///
/// # Source
/// proc_pid_attr(5); aa_getcon(2); Documentation/admin-guide/LSM/.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum SecurityLabel {
    /// A profile of AppArmor, or several, with `//&` between.
    AppArmor {
        /// Its name.
        profile: ByteString,
        /// What is done with what it does not allow.
        mode: AppArmorMode,
    },
    /// A context of SELinux.
    Selinux {
        /// SELinux's user.
        user: ByteString,
        /// The role.
        role: ByteString,
        /// The type, or domain.
        domain: ByteString,
        /// The level or range, where the policy has such.
        level: Option<ByteString>,
    },
    /// One of another form: Smack's, for instance, is a word.
    Other(ByteString),
}

impl SecurityLabel {
    /// Reads a label by its form: a name with a word in brackets, or `unconfined`, is AppArmor's; three parts or more with
    /// `:` between are SELinux's.
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        let text = text.strip_suffix(b"\0").unwrap_or(text);
        let text = linux_support_base::text::trim(text);
        if text == b"unconfined" {
            return Self::AppArmor { profile: text.into(), mode: AppArmorMode::Unconfined };
        }
        if let Some(inner) = text.strip_suffix(b")")
            && let Some(at) = memchr::memmem::rfind(inner, b" (")
        {
            return Self::AppArmor {
                profile: inner[..at].into(),
                mode: AppArmorMode::parse(&inner[at + 2..]),
            };
        }
        let mut parts = text.splitn(4, |&byte| byte == b':');
        let named = [parts.next(), parts.next(), parts.next()];
        if let [Some(user), Some(role), Some(domain)] = named
            && named.iter().flatten().all(|part| !part.is_empty())
        {
            let level = parts.next().map(ByteString::from);
            return Self::Selinux { user: user.into(), role: role.into(), domain: domain.into(), level };
        }
        Self::Other(text.into())
    }
}

impl fmt::Display for SecurityLabel {
    /// As the module writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AppArmor { profile, mode: AppArmorMode::Unconfined } if *profile == "unconfined" => {
                profile.fmt(f)
            }
            Self::AppArmor { profile, mode } => write!(f, "{profile} ({mode})"),
            Self::Selinux { user, role, domain, level: Some(level) } => {
                write!(f, "{user}:{role}:{domain}:{level}")
            }
            Self::Selinux { user, role, domain, level: None } => write!(f, "{user}:{role}:{domain}"),
            Self::Other(label) => label.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_have_the_parts_of_their_module() {
        let apparmor = |profile: &str, mode| SecurityLabel::AppArmor { profile: profile.into(), mode };
        for (text, label) in [
            ("unconfined\n", apparmor("unconfined", AppArmorMode::Unconfined)),
            ("a (b) (complain)", apparmor("a (b)", AppArmorMode::Complain)),
            (":root://lxc//&:a:b (enforce)", apparmor(":root://lxc//&:a:b", AppArmorMode::Enforce)),
            ("x (new)", apparmor("x", AppArmorMode::Unknown("new".into()))),
            ("_", SecurityLabel::Other("_".into())),
            ("a::b", SecurityLabel::Other("a::b".into())),
            ("", SecurityLabel::Other("".into())),
        ] {
            assert_eq!(SecurityLabel::parse(text.as_bytes()), label);
            assert_eq!(label.to_string(), text.trim_end());
        }
        let text = "system_u:system_r:sshd_t:s0-s0:c0.c1023";
        let SecurityLabel::Selinux { domain, level, .. } =
            SecurityLabel::parse(format!("{text}\0").as_bytes())
        else {
            panic!()
        };
        assert_eq!((domain.as_bytes(), level), (&b"sshd_t"[..], Some("s0-s0:c0.c1023".into())));
        assert_eq!(SecurityLabel::parse(text.as_bytes()).to_string(), text);
        assert_eq!(SecurityLabel::parse(b"u:r:t").to_string(), "u:r:t");
    }
}
