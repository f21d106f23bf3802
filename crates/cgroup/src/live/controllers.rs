use linux_support_base::{Errno, Error, Reason, Requirement};

use super::LiveGroup;
use crate::{Controller, GroupType};

impl LiveGroup<'_> {
    /// The controllers that it has, and so could give to the groups in it.
    ///
    /// # Errors
    /// It is gone.
    #[doc(alias = "cgroup.controllers")]
    pub fn controllers(&self) -> Result<Vec<Controller>, Error> {
        self.list("cgroup.controllers")
    }

    /// The controllers that it gives to the groups in it.
    ///
    /// # Errors
    /// It is gone.
    #[doc(alias = "cgroup.subtree_control")]
    pub fn enabled(&self) -> Result<Vec<Controller>, Error> {
        self.list("cgroup.subtree_control")
    }

    fn list(&self, file: &str) -> Result<Vec<Controller>, Error> {
        self.directory
            .parse(file, Controller::parse_list)
            .map_err(|error| self.explain(error, Requirement::none()))
    }

    /// Gives controllers to the groups in it: all of these or none. Those that it gives already may be among them.
    ///
    /// # Errors
    /// It does not have one of them itself, which is named; or it has processes, which a group that gives controllers of
    /// resources may not.
    pub fn enable(&self, controllers: &[Controller]) -> Result<(), Error> {
        let has = self.controllers()?;
        if let Some(missing) = controllers.iter().find(|controller| !has.contains(controller)) {
            let have = has.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            return Err(self.invalid(
                "enable controllers in",
                format!("a controller that the group has, not {missing}: it has {have}; enable it in the group above first"),
            ));
        }
        self.control('+', controllers)
    }

    /// Takes controllers from the groups in it: all of these or none.
    ///
    /// # Errors
    /// A group in it gives one of them on.
    pub fn disable(&self, controllers: &[Controller]) -> Result<(), Error> {
        self.control('-', controllers)
    }

    /// Gives controllers to a group below, by giving them in this one and in each group on the way. What was given already
    /// stays; where one of them fails, those above it stay given.
    ///
    /// `path` has the names from here on, with slashes.
    ///
    /// # Errors
    /// As for [`enable`](Self::enable), with the group at which it failed; or a group on the way is not there.
    pub fn enable_down_to(&self, path: &[super::GroupName], controllers: &[Controller]) -> Result<(), Error> {
        let Some((name, rest)) = path.split_first() else { return Ok(()) };
        self.enable(controllers)?;
        self.child(name)?.enable_down_to(rest, controllers)
    }

    fn control(&self, sign: char, controllers: &[Controller]) -> Result<(), Error> {
        if controllers.is_empty() {
            return Ok(());
        }
        let words: Vec<_> = controllers.iter().map(|controller| format!("{sign}{controller}")).collect();
        self.write("cgroup.subtree_control", &words.join(" ")).map_err(|error| {
            let accepted = match *error.reason() {
                Reason::System(Errno::BUSY) if sign == '-' => {
                    "groups in it that don't give these controllers on: disable them there first"
                }
                Reason::System(Errno::BUSY) => {
                    "a group without processes: one that gives controllers of resources may have none (move them into a \
                     group in it)"
                }
                Reason::System(Errno::OPNOTSUPP) => "a group that is not threaded, or controllers for threads",
                Reason::System(Errno::INVAL) => "controllers that this kernel has",
                _ => return self.explain(error, Requirement::none()),
            };
            self.invalid("change the controllers of", accepted)
        })
    }

    /// What kind of group it is.
    ///
    /// # Errors
    /// It is the root, or gone.
    #[doc(alias = "cgroup.type")]
    pub fn kind(&self) -> Result<GroupType, Error> {
        self.directory
            .parse("cgroup.type", GroupType::parse)
            .map_err(|error| self.explain(error, super::group::NOT_ROOT))
    }

    /// Makes it a group of threads, for good: the group above becomes the root of a threaded subtree.
    ///
    /// # Errors
    /// It has processes or controllers that can't be for threads, or the group above can't be such a root.
    pub fn make_threaded(&self) -> Result<(), Error> {
        self.write("cgroup.type", "threaded").map_err(|error| match *error.reason() {
            Reason::System(Errno::OPNOTSUPP | Errno::BUSY | Errno::INVAL) => self.invalid(
                "make threaded",
                "a group without processes of its own below one that gives only controllers for threads (cpu, cpuset, pids, \
                 perf_event)",
            ),
            _ => self.explain(error, super::group::NOT_ROOT),
        })
    }
}
