//! Where the files of a group are read, and why some are not there.

use std::borrow::Cow;

use linux_support_base::{Directory, Errno, Error, Machine, ParseError, Reading, Reason, Requirement};

/// The directory of a group.
pub(crate) struct Place<'a> {
    pub(crate) machine: &'a Machine,
    pub(crate) directory: &'a Directory,
    /// Whether it is the root of its hierarchy, which has fewer files.
    pub(crate) is_root: bool,
    /// Whether the files are named without their controller.
    pub(crate) without_prefix: bool,
}

/// Which groups have a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    Everywhere,
    BelowRoot,
    Root,
}

const BELOW_ROOT: Requirement = Requirement::none().configuration("a group below the root");
const AT_ROOT: Requirement = Requirement::none().configuration("the root group");

impl Place<'_> {
    pub(crate) fn read<T>(
        &self,
        file: &str,
        place: Where,
        needs: Requirement,
        parse: impl FnOnce(&[u8]) -> Result<T, ParseError>,
    ) -> Reading<T> {
        let needs = match place {
            Where::BelowRoot if self.is_root => BELOW_ROOT,
            Where::Root if !self.is_root => AT_ROOT,
            _ => needs,
        };
        self.directory
            .parse(self.name(file).as_bytes(), parse)
            .map_err(|error| match error.reason() {
                // The file is there and has nothing to say: pressure that was not switched on at boot, the
                // processes of a threaded group.
                Reason::System(Errno::OPNOTSUPP) => {
                    Error::system(error.operation(), error.object().clone(), Errno::NOENT)
                }
                _ => error,
            })
            .map_err(|error| self.machine.explain(error, needs))
            .into()
    }

    fn name<'f>(&self, file: &'f str) -> Cow<'f, str> {
        match file.split_once('.') {
            Some((_, rest)) if self.without_prefix => rest.into(),
            _ => file.into(),
        }
    }

    /// The names of the files of `controller`, without its name and the dot.
    pub(crate) fn files_of(&self, controller: &[u8]) -> Vec<Vec<u8>> {
        let mut files = Vec::new();
        // Where the directory can't be listed, the readings of its files say why.
        let _ = self.directory.visit("", |name, _| {
            let rest = name.strip_prefix(controller).and_then(|rest| rest.strip_prefix(b"."));
            files.extend(rest.map(<[u8]>::to_vec));
        });
        files.sort_unstable();
        files
    }
}
