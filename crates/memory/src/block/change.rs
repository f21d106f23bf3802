use core::fmt;
use std::os::fd::OwnedFd;

use linux_support_base::{Errno, Error, Machine, Reason, Requirement};

use super::{BlockState, MemoryBlock, NEEDS, ROOT};
use crate::setting::{open, store};

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
pub struct ChangedBlock {
    number: u64,
    /// The word that puts it back; none where nothing was changed.
    before: Option<&'static str>,
    state: OwnedFd,
}

impl MemoryBlock {
    /// Takes the block into use.
    ///
    /// # Errors
    /// The machine is not the one that runs; the block is in use in another zone; it can't be in that zone. Then nothing is
    /// changed.
    ///
    /// # Capabilities
    /// Root's, to write the file.
    #[doc(alias = "online_movable")]
    pub fn set_online(&self, machine: &Machine, zone: OnlineZone) -> Result<ChangedBlock, Error> {
        let now = self.read_again(machine)?;
        let known = now.valid_zones.value().map(Vec::as_slice).unwrap_or_default();
        let known: Vec<_> = known.iter().map(ToString::to_string).collect();
        if now.state.value() == Some(&BlockState::Online) {
            let movable = known.first().is_some_and(|zone| zone == "Movable");
            if zone == OnlineZone::Automatic || movable == (zone == OnlineZone::Movable) {
                return self.changed(machine, None);
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
    /// The machine is not the one that runs; there is memory in it that can't be moved
    /// ([`Errno::BUSY`]), or nowhere to move it to; it has holes or is of several zones. Then nothing is changed.
    ///
    /// # Capabilities
    /// Root's, to write the file.
    pub fn set_offline(&self, machine: &Machine) -> Result<ChangedBlock, Error> {
        let now = self.read_again(machine)?;
        if now.state.value() == Some(&BlockState::Offline) {
            return self.changed(machine, None);
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
    fn read_again(&self, machine: &Machine) -> Result<Self, Error> {
        if !machine.is_live() {
            let accepted = "needs the machine that runs, and this was captured";
            return Err(Error::invalid("change", self.named(), accepted));
        }
        let directory = machine.directory(format!("{ROOT}/memory{}", self.number));
        let directory = directory.map_err(|error| machine.explain(error, NEEDS))?;
        Ok(Self::read(machine, &directory, self.number))
    }

    fn path(&self) -> String {
        format!("{ROOT}/memory{}/state", self.number)
    }

    fn named(&self) -> String {
        format!("memory block {}", self.number)
    }

    fn changed(&self, machine: &Machine, before: Option<&'static str>) -> Result<ChangedBlock, Error> {
        let needs = Requirement::none().capability("CAP_DAC_OVERRIDE");
        let state = open(machine, &self.path()).map_err(|error| machine.explain(error, needs))?;
        Ok(ChangedBlock { number: self.number, before, state })
    }

    fn write(&self, machine: &Machine, word: &str, back: &'static str) -> Result<ChangedBlock, Error> {
        let changed = self.changed(machine, Some(back))?;
        match rustix::io::pwrite(&changed.state, word.as_bytes(), 0) {
            Ok(_) => Ok(changed),
            Err(errno) => {
                changed.keep();
                Err(Error::new("write", self.path(), Reason::System(errno)))
            }
        }
    }
}

impl ChangedBlock {
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
            Some(word) => {
                let path = format!("{ROOT}/memory{}/state", self.number);
                store(&self.state, &path, word, "online or offline, and other than it is")
            }
            None => Ok(()),
        }
    }
}

impl Drop for ChangedBlock {
    fn drop(&mut self) {
        let _ = self.put_back();
    }
}

impl fmt::Display for OnlineZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::block::MemoryBlocks;

    #[test]
    fn a_captured_machines_blocks_are_not_changed() {
        let folder = tempfile::tempdir().unwrap();
        let block = folder.path().join(&ROOT[1..]).join("memory0");
        fs::create_dir_all(&block).unwrap();
        fs::write(block.join("state"), "offline\n").unwrap();
        fs::write(block.join("../block_size_bytes"), "8000000\n").unwrap();
        let machine = Machine::captured(folder.path()).unwrap();
        let blocks = MemoryBlocks::read(&machine).unwrap();
        for error in [
            blocks.blocks[0].set_online(&machine, OnlineZone::Movable).unwrap_err(),
            blocks.blocks[0].set_offline(&machine).unwrap_err(),
        ] {
            let said = "change memory block 0: needs the machine that runs, and this was captured";
            assert_eq!(error.to_string(), said);
        }
    }
}
