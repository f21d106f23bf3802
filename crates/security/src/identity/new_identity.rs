use linux_support_base::{Error, GroupId, Reason, UserId};

use super::{Credentials, Groups, User, supplementary, supplementary_groups};
use crate::{
    Scope,
    broadcast::{Confined, Step, apply},
    capability::{Capabilities, Capability, CapabilitySet, bounding_steps},
    sys::credentials::{Control, Sets},
};

/// The user that a daemon becomes, in all of its threads and for good.
///
/// What is done, in this order: the bounding set is emptied but for what is kept, `CAP_SETPCAP` last; then come the
/// supplementary groups, the group ids, the user ids, the capabilities and `no_new_privs`. Then every thread tries
/// every call that could bring root back, as user, as group and by each capability that was dropped; each must fail.
///
/// ```no_run
/// use linux_support_security::{
///     capability::{Capability, CapabilitySet},
///     identity::{NewIdentity, User},
/// };
///
/// // All files are open, all sockets bound: from here on, this is a program of the user www-data.
/// let user = User::look_up("www-data")?;
/// NewIdentity::of(&user)?.keep(CapabilitySet::of([Capability::NET_BIND_SERVICE])).assume()?;
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// What stays open stays usable, and some capabilities are as good as all of them: whoever keeps `CAP_SYS_ADMIN`,
/// `CAP_SYS_MODULE`, `CAP_SYS_PTRACE`, `CAP_SYS_RAWIO`, `CAP_DAC_OVERRIDE` or `CAP_BPF` has not become harmless.
///
/// # Source
/// credentials(7), capabilities(7).
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "setpriv")]
#[doc(alias = "drop_privileges")]
pub struct NewIdentity {
    user: UserId,
    group: GroupId,
    supplementary: Vec<GroupId>,
    kept: CapabilitySet,
    ambient: CapabilitySet,
    new_privileges: bool,
}

impl NewIdentity {
    /// This user and group, without supplementary groups.
    #[must_use]
    pub fn new(user: UserId, group: GroupId) -> Self {
        Self {
            user,
            group,
            supplementary: Vec::new(),
            kept: CapabilitySet::EMPTY,
            ambient: CapabilitySet::EMPTY,
            new_privileges: false,
        }
    }

    /// The user, with all groups that the name service knows.
    ///
    /// # Errors
    /// The user has no first group; the name service can't be asked.
    #[doc(alias = "initgroups")]
    pub fn of(user: &User) -> Result<Self, Error> {
        let groups = user.look_up_groups()?;
        Ok(Self::new(user.id, first_group(user)?).supplementary(groups))
    }

    /// The user, with the groups that a file of groups gives it.
    ///
    /// # Errors
    /// The user has no first group.
    pub fn of_files(user: &User, groups: &Groups) -> Result<Self, Error> {
        Ok(Self::new(user.id, first_group(user)?).supplementary(groups.of_user(user)))
    }

    /// With these supplementary groups, in place of others.
    #[must_use]
    pub fn supplementary(mut self, mut groups: Vec<GroupId>) -> Self {
        groups.sort_unstable();
        groups.dedup();
        self.supplementary = groups;
        self
    }

    /// Keeps these capabilities, permitted and effective; a program that is run then has none of them.
    #[must_use]
    pub fn keep(mut self, capabilities: CapabilitySet) -> Self {
        self.kept = capabilities;
        self
    }

    /// Keeps these capabilities as well, and hands them on to programs that are run: they are inheritable and ambient.
    #[must_use]
    pub fn keep_for_programs(mut self, capabilities: CapabilitySet) -> Self {
        self.ambient = capabilities;
        self
    }

    /// Leaves `no_new_privs` as it is, so that programs which are set-user-ID or have capabilities of their own get
    /// them, as far as the bounding set lets them.
    #[must_use]
    pub fn allow_new_privileges(mut self) -> Self {
        self.new_privileges = true;
        self
    }

    /// Becomes it, in all threads.
    ///
    /// Where one thing is missing, nothing is done. A failure after the first step, which only a security module or
    /// a lack of memory makes, says what was done: the process is then best ended.
    ///
    /// # Errors
    /// The user is root; an id is none, or is not mapped in this user namespace (`EINVAL`); `CAP_SETUID` or `CAP_SETGID`
    /// is to be kept, each of which is a way back, or a capability that the caller does not have; the caller lacks a
    /// capability; threads did not stop ([`Scope`]); a way back was found.
    ///
    /// # Capabilities
    /// `CAP_SETGID` and `CAP_SETUID`, where groups or users change; `CAP_SETPCAP` to empty the bounding set, which may
    /// be missing unless new privileges are [allowed](Self::allow_new_privileges).
    pub fn assume(&self) -> Result<(), Error> {
        let before = Capabilities::of_caller()?;
        let supplementary = self.check(&before)?;
        let kept = self.kept | self.ambient;
        let mut steps = Vec::new();
        if before.effective.contains(Capability::SETPCAP) {
            steps.extend(bounding_steps(before.bounding - kept));
        }
        let keeping = |keep| Step::Control(Control::SetKeepCapabilities(keep), "keep-capabilities", None);
        if !kept.is_empty() {
            steps.push(keeping(true));
        }
        let (user, group) = (self.user.number(), self.group.number());
        if supplementary_groups()? != self.supplementary {
            steps.push(Step::Supplementary(&supplementary));
        }
        steps.push(Step::Groups([group; 3], group));
        steps.push(Step::Users([user; 3], user));
        steps.push(Step::Capabilities(Sets {
            effective: kept.bits(),
            permitted: kept.bits(),
            inheritable: self.ambient.bits(),
        }));
        let ambient = "the ambient set";
        steps.push(Step::Control(Control::ClearAmbient, ambient, None));
        for capability in self.ambient.iter() {
            steps.push(Step::Control(Control::RaiseAmbient(capability.number()), ambient, None));
        }
        if !kept.is_empty() {
            steps.push(keeping(false));
        }
        if !self.new_privileges {
            steps.push(Step::Control(Control::SetNoNewPrivileges, "no_new_privs", None));
        }
        let is_root_group = self.group == GroupId::ROOT || self.supplementary.contains(&GroupId::ROOT);
        steps.push(Step::NoWayBack(Confined {
            user: Some(0),
            group: (!is_root_group).then_some(0),
            kept: kept.bits(),
        }));
        apply(Scope::Process, &steps)?;
        self.verify(kept)
    }

    /// Everything that can be known to fail before something is done.
    fn check(&self, before: &Capabilities) -> Result<Vec<u32>, Error> {
        const OBJECT: &str = "another user";
        let refuse = |why: String| Err(Error::invalid("become", OBJECT, why));
        if self.user == UserId::ROOT {
            return refuse("user 0 is root, which is not left by becoming it".into());
        }
        if self.user.is_none() || self.group.is_none() {
            return refuse(format!("{} is no id of anyone", u32::MAX));
        }
        let supplementary = supplementary::numbers(&self.supplementary)?;
        let kept = self.kept | self.ambient;
        let back = CapabilitySet::of([Capability::SETUID, Capability::SETGID]) & kept;
        if let Some(capability) = back.iter().next() {
            return refuse(format!("{capability} must not be kept: it is a way back to root"));
        }
        if let Some(capability) = (kept - before.permitted).iter().next() {
            return refuse(format!("{capability} can't be kept: it is not permitted now"));
        }
        let need = |needed: bool, capability: Capability| {
            if !needed || before.effective.contains(capability) {
                return Ok(());
            }
            Err(Error::new("become", OBJECT, Reason::PermissionDenied { capability: capability.name() }))
        };
        let users = Credentials::<UserId>::of_caller()?;
        let groups = Credentials::<GroupId>::of_caller()?;
        let other_users = [users.real, users.effective, users.saved].iter().any(|&id| id != self.user);
        let other_groups = [groups.real, groups.effective, groups.saved].iter().any(|&id| id != self.group);
        need(other_groups || supplementary_groups()? != self.supplementary, Capability::SETGID)?;
        need(other_users, Capability::SETUID)?;
        need(self.new_privileges && !(before.bounding - kept).is_empty(), Capability::SETPCAP)?;
        Ok(supplementary)
    }

    /// Sees that the calling thread is what it should be.
    fn verify(&self, kept: CapabilitySet) -> Result<(), Error> {
        let now = Capabilities::of_caller()?;
        let whole = Credentials::<UserId>::of_caller()? == Credentials::all(self.user)
            && Credentials::<GroupId>::of_caller()? == Credentials::all(self.group)
            && supplementary_groups()? == self.supplementary
            && (now.permitted, now.effective) == (kept, kept)
            && (now.inheritable, now.ambient) == (self.ambient, self.ambient);
        if whole {
            return Ok(());
        }
        Err(Error::invalid(
            "verify",
            "the new identity",
            "it is not what was asked for: the process is best ended",
        ))
    }
}

fn first_group(user: &User) -> Result<GroupId, Error> {
    user.group
        .ok_or_else(|| Error::invalid("become", "another user", format!("{} has no first group", user.name)))
}
