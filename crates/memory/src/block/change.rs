use core::fmt;

use linux_support_base::{Errno, Error, LiveMachine, Reason, Requirement};

use super::{BlockState, MemoryBlock, NEEDS, ROOT};

/// For what the memory of a block is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnlineZone {
    /// As the kernel's [policy](super::HotplugSettings::ONLINE_POLICY) has it.
    #[default]
    Automatic,
    /// For all, also for what the kernel can't move: the block may not go offline any more.
    #[doc(alias = "online_kernel")]
    Kernel,
    /// For what can be moved, so that the block can go offline again.
    #[doc(alias = "online_movable")]
    Movable,
}

impl OnlineZone {
    const fn word(self) -> &'static str {
        match self {
            Self::Automatic => "online",
            Self::Kernel => "online_kernel",
            Self::Movable => "online_movable",
        }
    }
}

/// A block of memory that was taken into use or out of it, until this is dropped: then it is as before.
#[derive(Debug)]
#[must_use = "the block is as before when this is dropped"]
pub struct ChangedBlock<'m> {
    machine: LiveMachine<'m>,
    number: u64,
    /// The word that puts it back; none where nothing was changed.
    before: Option<&'static str>,
}

impl MemoryBlock {
    /// Takes the block into use.
    ///
    /// # Errors
    /// The block is gone; it is in use in another zone; it can't be in that zone. Then nothing is
    /// changed.
    ///
    /// # Capabilities
    /// Root's, to write the file.
    #[doc(alias = "online_movable")]
    pub fn set_online<'m>(
        &self,
        machine: LiveMachine<'m>,
        zone: OnlineZone,
    ) -> Result<ChangedBlock<'m>, Error> {
        let now = self.read_again(machine)?;
        let known = now.valid_zones.value().map(Vec::as_slice).unwrap_or_default();
        let known: Vec<_> = known.iter().map(ToString::to_string).collect();
        if now.state.value() == Some(&BlockState::Online) {
            let movable = known.first().is_some_and(|zone| zone == "Movable");
            if zone == OnlineZone::Automatic || movable == (zone == OnlineZone::Movable) {
                return Ok(self.changed(machine, None));
            }
            let accepted = format!("is online in zone {}: take it offline first", known.join(" "));
            return Err(Error::invalid("set online", self.named(), accepted));
        }
        self.write(machine, zone.word(), "offline").map_err(|error| match error.reason() {
            Reason::System(Errno::INVAL) if !known.is_empty() => {
                let accepted = format!("{}: it can go to {}", zone.word(), known.join(" or "));
                Error::invalid("set online", self.named(), accepted)
            }
            reason => Error::new("set online", self.named(), reason.clone()),
        })
    }

    /// Takes the block out of use: what is in it is moved elsewhere, which may take long, and ends with a signal.
    ///
    /// # Errors
    /// The block is gone; there is memory in it that can't be moved
    /// ([`Errno::BUSY`]), or nowhere to move it to; it has holes or is of several zones. Then nothing is changed.
    ///
    /// # Capabilities
    /// Root's, to write the file.
    pub fn set_offline<'m>(&self, machine: LiveMachine<'m>) -> Result<ChangedBlock<'m>, Error> {
        let now = self.read_again(machine)?;
        if now.state.value() == Some(&BlockState::Offline) {
            return Ok(self.changed(machine, None));
        }
        let movable =
            now.valid_zones.value().is_some_and(|zones| zones.iter().any(|zone| *zone == "Movable"));
        let back = if movable { OnlineZone::Movable } else { OnlineZone::Kernel };
        self.write(machine, "offline", back.word()).map_err(|error| match error.reason() {
            Reason::System(Errno::INVAL) => {
                let accepted = "needs a block without holes, of one zone and one node";
                Error::invalid("set offline", self.named(), accepted)
            }
            reason => Error::new("set offline", self.named(), reason.clone()),
        })
    }

    /// The block as it is now.
    fn read_again(&self, machine: LiveMachine<'_>) -> Result<Self, Error> {
        let directory = machine.directory(format!("{ROOT}/memory{}", self.number));
        let directory = directory.map_err(|error| machine.explain(error, NEEDS))?;
        Ok(Self::read(&machine, &directory, self.number))
    }

    fn named(&self) -> String {
        format!("memory block {}", self.number)
    }

    fn changed<'m>(&self, machine: LiveMachine<'m>, before: Option<&'static str>) -> ChangedBlock<'m> {
        ChangedBlock { machine, number: self.number, before }
    }

    fn write<'m>(
        &self,
        machine: LiveMachine<'m>,
        word: &str,
        back: &'static str,
    ) -> Result<ChangedBlock<'m>, Error> {
        let needs = Requirement::none().capability("CAP_DAC_OVERRIDE");
        let path = format!("{ROOT}/memory{}/state", self.number);
        machine.write(path, word).map_err(|error| machine.explain(error, needs))?;
        Ok(self.changed(machine, Some(back)))
    }
}

impl ChangedBlock<'_> {
    /// The block's number.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether it was changed: not where it had been as was asked.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.before.is_some()
    }

    /// Leaves the block as it is.
    pub fn keep(mut self) {
        self.before = None;
    }

    /// Ends it, and says whether the block is as before.
    ///
    /// # Errors
    /// As for [`MemoryBlock::set_online`] and [`MemoryBlock::set_offline`].
    pub fn restore(mut self) -> Result<(), Error> {
        self.put_back()
    }

    fn put_back(&mut self) -> Result<(), Error> {
        match self.before.take() {
            Some(word) => self.machine.write(format!("{ROOT}/memory{}/state", self.number), word),
            None => Ok(()),
        }
    }
}

impl Drop for ChangedBlock<'_> {
    fn drop(&mut self) {
        let _ = self.put_back();
    }
}

impl fmt::Display for OnlineZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
