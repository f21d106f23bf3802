//! What a program may do: its user, its capabilities, and what the kernel does for it.

use linux_support_base::{Error, GroupId, UserId};
use linux_support_security::{
    capability::{Capabilities, Capability, CapabilitySet, SecureBits},
    seccomp,
    speculation::{Permission, Weakness},
};

use super::{Program, Step};

/// The user, the capabilities and the secure bits of a program, which depend on one another.
#[derive(Debug, Default)]
pub(super) struct Privileges {
    identity: Option<(UserId, GroupId, Vec<GroupId>)>,
    capabilities: Option<Capabilities>,
    secure_bits: Option<SecureBits>,
    pub(super) no_new_privileges: bool,
    pub(super) filters: Vec<Step>,
}

const WAYS_BACK: CapabilitySet = CapabilitySet::EMPTY.with(Capability::SETUID).with(Capability::SETGID);

impl Privileges {
    /// What the child does for them, in the order of capabilities(7): first what needs capabilities that are lost then.
    pub(super) fn steps(&self) -> Result<Vec<Step>, Error> {
        let mut steps = Vec::new();
        let leaves_root = self.identity.as_ref().is_some_and(|(user, ..)| user.number() != 0);
        if let Some(capabilities) = &self.capabilities {
            self.check(capabilities, leaves_root)?;
            steps.push(Step::drop_bounding(!capabilities.bounding.bits()));
            if leaves_root {
                steps.push(Step::keep_capabilities());
            }
        } else {
            steps.extend(self.secure_bits.map(Step::secure_bits));
        }
        if let Some((user, group, further)) = &self.identity {
            steps.extend([Step::groups(further), Step::group(*group), Step::user(*user)]);
        }
        if let Some(capabilities) = &self.capabilities {
            if let Some(bits) = self.secure_bits {
                let mut able = *capabilities;
                able.permitted = able.permitted.with(Capability::SETPCAP);
                able.effective = able.effective.with(Capability::SETPCAP);
                steps.extend([
                    Step::capabilities(&able),
                    Step::ambient(able.ambient),
                    Step::secure_bits(bits),
                ]);
                steps.push(Step::capabilities(capabilities));
            } else {
                steps.extend([Step::capabilities(capabilities), Step::ambient(capabilities.ambient)]);
            }
        }
        if leaves_root {
            steps.push(Step::root_refused());
        }
        Ok(steps)
    }

    /// What the kernel would refuse, or what would make the rest worthless, by name.
    fn check(&self, wanted: &Capabilities, leaves_root: bool) -> Result<(), Error> {
        let refuse = |set: CapabilitySet, why: &str| match set.iter().next() {
            Some(capability) => Err(Error::invalid("set", "capabilities", format!("{capability} {why}"))),
            None => Ok(()),
        };
        refuse(wanted.effective - wanted.permitted, "would be effective without being permitted")?;
        refuse(wanted.inheritable - wanted.bounding, "would be inheritable, and is not in the bounding set")?;
        refuse(
            wanted.ambient - (wanted.permitted & wanted.inheritable),
            "would be ambient without being permitted and inheritable",
        )?;
        if leaves_root {
            refuse((wanted.permitted | wanted.inheritable) & WAYS_BACK, "is a way back to the user root")?;
        }
        Ok(())
    }
}

impl Program {
    /// It runs as this user and group, with these further groups and no others, and can't become root again.
    ///
    /// # Capabilities
    /// CAP_SETUID and CAP_SETGID.
    #[must_use]
    #[doc(alias = "setresuid")]
    #[doc(alias = "setgroups")]
    pub fn credentials(mut self, user: UserId, group: GroupId, further: &[GroupId]) -> Self {
        if user.is_none() || group.is_none() || further.iter().any(|group| group.is_none()) {
            self.refuse(Error::invalid("set", "credentials", "expected numbers below 4294967295"));
            return self;
        }
        self.privileges.identity = Some((user, group, further.to_vec()));
        self
    }

    /// It has these five sets of capabilities when it runs the program, whose own change them: a program of no privileges
    /// keeps the ambient ones only; one of the user root gets all that are in the bounding set, unless
    /// [`NO_ROOT`](SecureBits::NO_ROOT) is set.
    ///
    /// Together with [`credentials`](Self::credentials) the user is changed in between, and CAP_SETUID and CAP_SETGID are
    /// refused.
    ///
    /// # Errors
    /// [`spawn`](Self::spawn) tells what can't be: one that is effective but not permitted; ambient but not permitted and
    /// inheritable; inheritable but not in the bounding set; permitted but not by the caller (`EPERM`).
    ///
    /// # Capabilities
    /// CAP_SETPCAP, if the bounding set becomes smaller.
    #[must_use]
    #[doc(alias = "capset")]
    #[doc(alias = "PR_CAPBSET_DROP")]
    #[doc(alias = "PR_CAP_AMBIENT")]
    pub fn capabilities(mut self, capabilities: Capabilities) -> Self {
        self.privileges.capabilities = Some(capabilities);
        self
    }

    /// How the kernel treats user 0 and capabilities in it. [`KEEP_CAPABILITIES`](SecureBits::KEEP_CAPABILITIES) ends when
    /// the program is run.
    ///
    /// # Capabilities
    /// CAP_SETPCAP.
    #[must_use]
    #[doc(alias = "PR_SET_SECUREBITS")]
    pub fn secure_bits(mut self, bits: SecureBits) -> Self {
        self.privileges.secure_bits = Some(bits);
        self
    }

    /// Whether the processor may speculate for it: as the step of [`Step::speculation`].
    #[must_use]
    #[doc(alias = "PR_SET_SPECULATION_CTRL")]
    pub fn speculation(self, weakness: Weakness, permission: Permission) -> Self {
        self.take(Step::speculation(weakness, permission), |program, step| program.steps.push(step))
    }

    /// Neither it nor what it starts gains privileges by running a program.
    #[must_use]
    #[doc(alias = "PR_SET_NO_NEW_PRIVS")]
    pub fn no_new_privileges(mut self) -> Self {
        self.privileges.no_new_privileges = true;
        self
    }

    /// It runs under this filter of system calls, and under those that were added before. They are put in force last of
    /// all, one after the other, so the first must let the next be set (`seccomp`), and all must let the program be run
    /// (`execveat`) and the child end that can't run it (`exit_group`). If one answers that with the end of the process, the program looks as one that was started and killed
    /// by SIGSYS.
    ///
    /// # Capabilities
    /// CAP_SYS_ADMIN, or none with [`no_new_privileges`](Self::no_new_privileges).
    #[must_use]
    #[doc(alias = "seccomp")]
    pub fn system_call_filter(self, filter: &seccomp::Program, how: seccomp::Enforcement) -> Self {
        self.take(Step::filter(filter, how), |program, step| program.privileges.filters.push(step))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut Capabilities)) -> String {
        let mut capabilities = Capabilities::default();
        change(&mut capabilities);
        let program =
            Program::new("/bin/true").credentials(7.into(), 7.into(), &[]).capabilities(capabilities);
        program.privileges.steps().unwrap_err().to_string()
    }

    #[test]
    fn sets_that_do_not_fit_together_are_refused_by_name() {
        let one = CapabilitySet::of([Capability::CHOWN]);
        assert!(refused(|sets| sets.effective = one).contains("CAP_CHOWN would be effective"));
        assert!(refused(|sets| sets.inheritable = one).contains("CAP_CHOWN would be inheritable"));
        assert!(refused(|sets| sets.ambient = one).contains("CAP_CHOWN would be ambient"));
        let back = CapabilitySet::of([Capability::SETGID]);
        assert!(refused(|sets| sets.permitted = back).contains("CAP_SETGID is a way back"));
    }

    #[test]
    fn the_bounding_set_shrinks_while_it_may_and_secure_bits_come_before_the_last_set() {
        let program = Program::new("/bin/true")
            .credentials(7.into(), 8.into(), &[])
            .capabilities(Capabilities::default())
            .secure_bits(SecureBits::ROOT_IS_NOBODY);
        let done: Vec<_> = program.privileges.steps().unwrap().into_iter().map(|step| step.object).collect();
        assert_eq!(
            done,
            [
                "the bounding set",
                "keep-capabilities",
                "supplementary groups",
                "group 8",
                "user 7",
                "capabilities",
                "the ambient set",
                "secure bits",
                "capabilities",
                "the user root for good"
            ]
        );
    }
}
