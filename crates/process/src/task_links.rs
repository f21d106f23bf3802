//! What the links below `/proc/PID` lead to: the program, directories, namespaces and descriptors of a task.

use linux_support_base::{ByteString, Error, Reading, Reason, text::decimal};

use crate::{
    descriptor::{Descriptor, DescriptorInfo, DescriptorNumber, DescriptorTarget, PathLink},
    namespace::{Namespace, NamespaceLink},
    task::{PTRACE, Task},
};

impl Task<'_> {
    fn link(&self, name: &str) -> Result<PathLink, Error> {
        match self.directory().link(name) {
            Ok(text) => Ok(PathLink::of_link(text.as_bytes())),
            Err(error) => Err(self.explain(error, PTRACE)),
        }
    }

    /// The program that it runs. Kernel threads and processes that have ended have none
    /// ([`Reason::Absent`]).
    ///
    /// # Errors
    /// As for [`stat`](Self::stat); also without the permission to inspect it.
    #[doc(alias = "exe")]
    pub fn executable(&self) -> Result<PathLink, Error> {
        self.link("exe")
    }

    /// The directory that its relative paths begin at.
    ///
    /// # Errors
    /// As for [`executable`](Self::executable).
    #[doc(alias = "cwd")]
    pub fn working_directory(&self) -> Result<PathLink, Error> {
        self.link("cwd")
    }

    /// The directory that its absolute paths begin at.
    ///
    /// # Errors
    /// As for [`executable`](Self::executable).
    #[doc(alias = "chroot")]
    pub fn root(&self) -> Result<PathLink, Error> {
        self.link("root")
    }

    /// Its namespaces, by name.
    ///
    /// # Errors
    /// As for [`executable`](Self::executable).
    #[doc(alias = "ns")]
    pub fn namespaces(&self) -> Result<Vec<NamespaceLink>, Error> {
        let entries = self.directory().entries("ns").map_err(|error| self.explain(error, PTRACE))?;
        let link =
            |name: ByteString| self.namespace(&name).map(|namespace| NamespaceLink { name, namespace });
        entries.into_iter().map(|entry| link(entry.name)).collect()
    }

    /// Its namespace of this name in `/proc/PID/ns`.
    pub(crate) fn namespace(&self, name: &[u8]) -> Result<Namespace, Error> {
        let path = [b"ns/", name].concat();
        let text = self.directory().link(&path).map_err(|error| self.explain(error, PTRACE))?;
        Namespace::parse(text.as_bytes())
            .map_err(|error| Error::malformed([self.directory().path(), b"/", &path].concat(), error))
    }

    /// Its file descriptors, by number. Ones that are closed meanwhile are left out.
    ///
    /// # Errors
    /// As for [`executable`](Self::executable).
    #[doc(alias = "fd")]
    pub fn descriptors(&self) -> Result<Vec<Descriptor>, Error> {
        let mut numbers = Vec::new();
        self.directory()
            .visit("fd", |name, _| numbers.extend(decimal::<u32>(name).ok()))
            .map_err(|error| self.explain(error, PTRACE))?;
        numbers.sort_unstable();
        let mut descriptors = Vec::with_capacity(numbers.len());
        for number in numbers {
            let target = match self.directory().link(format!("fd/{number}")) {
                Ok(text) => Reading::Value(DescriptorTarget::of_link(text.as_bytes())),
                Err(error) if matches!(error.reason(), Reason::Absent) => continue,
                Err(error) => Reading::Unavailable(self.explain(error, PTRACE)),
            };
            descriptors.push(Descriptor { number: DescriptorNumber::new(number), target });
        }
        // The descriptors of a process that ends are all closed, which must not look as if it had none.
        self.ensure_alive()?;
        Ok(descriptors)
    }

    /// What the kernel says of one of its file descriptors.
    ///
    /// # Errors
    /// As for [`executable`](Self::executable); also a descriptor that is closed
    /// ([`Reason::Absent`]).
    #[doc(alias = "fdinfo")]
    pub fn descriptor_info(&self, number: DescriptorNumber) -> Result<DescriptorInfo, Error> {
        let info = self.parse(&format!("fdinfo/{number}"), PTRACE, DescriptorInfo::parse)?;
        // It may be closed by now, or be another: then what was read stands as it is.
        Ok(match self.directory().link(format!("fd/{number}")) {
            Ok(text) => info.with_target(&DescriptorTarget::of_link(text.as_bytes())),
            Err(_) => info,
        })
    }
}
