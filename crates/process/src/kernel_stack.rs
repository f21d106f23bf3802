//! Where a task is in the kernel: `/proc/PID/stack`.

use linux_support_base::{
    ByteString, ParseError,
    text::{lines, prefixed_hexadecimal},
};

use crate::stat::Address;

/// A function of the kernel that a task is in.
///
/// # Source
/// proc_pid_stack(5).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KernelFrame {
    /// The address, which the kernel hides.
    pub address: Option<Address>,
    /// The function, where the kernel knows its name.
    pub function: Option<KernelFunction>,
}

/// A place in a function of the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KernelFunction {
    /// The function's name.
    pub name: ByteString,
    /// How far from its beginning, in bytes.
    pub offset: u64,
    /// How long it is, in bytes.
    pub size: u64,
    /// The module that it is of; `None` for the kernel itself.
    pub module: Option<ByteString>,
}

/// The functions of the kernel that a task is in, the innermost first; none for one that runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KernelStack(Vec<KernelFrame>);

impl KernelStack {
    /// Reads the file.
    ///
    /// # Errors
    /// A line without an address in brackets.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        lines(text)
            .filter(|line| !line.trim_ascii().is_empty())
            .map(KernelFrame::parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The functions, the innermost first.
    #[must_use]
    pub fn frames(&self) -> &[KernelFrame] {
        &self.0
    }
}

impl KernelFrame {
    fn parse(line: &[u8]) -> Result<Self, ParseError> {
        let error = || ParseError::expected("[<address>] and a function", line);
        let rest = line.trim_ascii().strip_prefix(b"[<").ok_or_else(error)?;
        let end = rest.windows(2).position(|pair| pair == b">]").ok_or_else(error)?;
        let address = rest[..end].strip_prefix(b"0x").unwrap_or(&rest[..end]);
        let address: u64 =
            linux_support_base::text::hexadecimal(address).map_err(|error| error.in_field("address"))?;
        let place = rest[end + 2..].trim_ascii();
        Ok(Self {
            address: (address != 0).then(|| Address::new(address)),
            function: KernelFunction::of(place),
        })
    }
}

impl KernelFunction {
    /// Reads `do_wait+0x53/0x120 [module]`; what is no such place is an address that has no name.
    fn of(place: &[u8]) -> Option<Self> {
        let (place, module) = match place.strip_suffix(b"]").and_then(|place| {
            let open = place.windows(2).rposition(|pair| pair == b" [")?;
            Some((&place[..open], &place[open + 2..]))
        }) {
            Some((place, module)) => (place, Some(module.into())),
            None => (place, None),
        };
        let plus = memchr::memrchr(b'+', place)?;
        let slash = plus + memchr::memchr(b'/', &place[plus..])?;
        Some(Self {
            name: place[..plus].into(),
            offset: prefixed_hexadecimal(&place[plus + 1..slash]).ok()?,
            size: prefixed_hexadecimal(&place[slash + 1..]).ok()?,
            module,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn functions_have_places_and_modules() {
        let text = b"[<0>] do_wait+0x53/0x120\n[<0>] ext4_x.part.0+0x1/0x2 [ext4]\n[<ffffffff81000010>] 0xffffffffffffffff\n";
        let stack = KernelStack::parse(text).unwrap();
        let [first, second, last] = stack.frames() else { panic!() };
        let function = first.function.as_ref().unwrap();
        assert_eq!(
            (function.name.as_bytes(), function.offset, function.size),
            (&b"do_wait"[..], 0x53, 0x120)
        );
        assert_eq!((first.address, &function.module), (None, &None));
        let function = second.function.as_ref().unwrap();
        assert_eq!(function.name, "ext4_x.part.0");
        assert_eq!(function.module.as_ref().unwrap(), &"ext4");
        assert_eq!((last.address, &last.function), (Some(Address::new(0xffff_ffff_8100_0010)), &None));
        assert_eq!(KernelStack::parse(text.trim_ascii_end()), Ok(stack));
    }

    #[test]
    fn a_task_that_runs_has_no_stack_and_other_lines_are_errors() {
        assert_eq!(KernelStack::parse(b""), Ok(KernelStack::default()));
        assert!(KernelStack::parse(b"do_wait+0x53/0x120\n").is_err());
        assert_eq!(KernelStack::parse(b"[<x>] a\n").unwrap_err().field(), Some("address"));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(\\[<0>\\]|[a-z+/ ]|0x[0-9a-f]{1,20}|\\[|\\]|\n){0,16}", bytes: Vec<u8>) {
            let _ = (KernelStack::parse(text.as_bytes()), KernelStack::parse(&bytes));
        }
    }
}
