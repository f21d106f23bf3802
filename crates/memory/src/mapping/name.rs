use std::borrow::Cow;

/// What a mapping is of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MappingName<'a> {
    /// Memory without a name.
    Anonymous,
    /// A file.
    File {
        /// Its path, from the root of the process that reads.
        path: Cow<'a, [u8]>,
        /// Whether the file was removed.
        deleted: bool,
    },
    /// The heap that `brk(2)` grows.
    Heap,
    /// The stack of the first thread.
    Stack,
    /// The kernel's code that runs in the process.
    Vdso,
    /// The kernel's variables for that code: `[vvar]`, `[vvar_vclock]`.
    VdsoData,
    /// The old page of such code.
    Vsyscall,
    /// The instructions that were replaced by probes.
    Uprobes,
    /// Anonymous memory that the program named: `prctl(PR_SET_VMA_ANON_NAME)`.
    NamedAnonymous(&'a [u8]),
    /// Shared anonymous memory that the program named.
    NamedShared(&'a [u8]),
    /// Another name in brackets, without them.
    Other(&'a [u8]),
}

impl<'a> MappingName<'a> {
    /// Reads the last field of a line of maps.
    #[must_use]
    pub fn parse(text: &'a [u8]) -> Self {
        let special = text.strip_prefix(b"[").and_then(|text| text.strip_suffix(b"]"));
        match (text, special) {
            (b"", _) => Self::Anonymous,
            (_, Some(special)) => match special {
                b"heap" => Self::Heap,
                b"stack" => Self::Stack,
                b"vdso" => Self::Vdso,
                b"vvar" | b"vvar_vclock" => Self::VdsoData,
                b"vsyscall" => Self::Vsyscall,
                b"uprobes" => Self::Uprobes,
                special => {
                    if let Some(name) = special.strip_prefix(b"anon:") {
                        Self::NamedAnonymous(name)
                    } else if let Some(name) = special.strip_prefix(b"anon_shmem:") {
                        Self::NamedShared(name)
                    } else {
                        Self::Other(special)
                    }
                }
            },
            (text, None) => {
                let bare = text.strip_suffix(b" (deleted)");
                Self::File { path: newlines(bare.unwrap_or(text)), deleted: bare.is_some() }
            }
        }
    }
}

/// The path with its newlines: the one byte that the kernel escapes here. A backslash of the path itself is not
/// escaped, so a path that holds the four bytes `\012` can't be told from one with a newline.
fn newlines(text: &[u8]) -> Cow<'_, [u8]> {
    const NEWLINE: &[u8] = br"\012";
    let finder = memchr::memmem::Finder::new(NEWLINE);
    let Some(mut found) = finder.find(text) else {
        return Cow::Borrowed(text);
    };
    let (mut path, mut rest) = (Vec::with_capacity(text.len()), text);
    loop {
        path.extend_from_slice(&rest[..found]);
        path.push(b'\n');
        rest = &rest[found + NEWLINE.len()..];
        match finder.find(rest) {
            Some(next) => found = next,
            None => break,
        }
    }
    path.extend_from_slice(rest);
    Cow::Owned(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &[u8], deleted: bool) -> MappingName<'_> {
        MappingName::File { path: Cow::Borrowed(path), deleted }
    }

    #[test]
    fn every_name_that_kernels_write_is_told_apart() {
        assert_eq!(MappingName::parse(b""), MappingName::Anonymous);
        assert_eq!(MappingName::parse(b"/usr/lib/a b.so"), file(b"/usr/lib/a b.so", false));
        assert_eq!(MappingName::parse(b"/memfd:x (deleted)"), file(b"/memfd:x", true));
        assert_eq!(MappingName::parse(br"/a\012b\012"), file(b"/a\nb\n", false));
        assert_eq!(MappingName::parse(b"[vvar_vclock]"), MappingName::VdsoData);
        assert_eq!(MappingName::parse(b"[anon:a [b]]"), MappingName::NamedAnonymous(b"a [b]"));
        assert_eq!(MappingName::parse(b"[anon_shmem:x]"), MappingName::NamedShared(b"x"));
        assert_eq!(MappingName::parse(b"[of_tomorrow]"), MappingName::Other(b"of_tomorrow"));
        assert_eq!(MappingName::parse(b"anon_inode:[io_uring]"), file(b"anon_inode:[io_uring]", false));
    }
}
