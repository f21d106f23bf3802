//! What protocols count: `/proc/PID/net/snmp`, `netstat`, `snmp6`, `sockstat` and `sockstat6`.

#[cfg(feature = "serde")]
use std::collections::BTreeMap;

#[cfg(feature = "serde")]
use linux_support_base::ByteString;
use linux_support_base::{
    ParseError,
    text::{Fields, decimal, fields, lines, split_once},
};

use super::columns::Columns;

/// What a protocol counts, borrowed from the text: pairs of names and numbers. The names are those of the kernel
/// (`ActiveOpens`, `ListenDrops`), which adds some with almost every version.
#[derive(Clone, Debug)]
pub struct ProtocolCounters<'a> {
    protocol: &'a [u8],
    pairs: Pairs<'a>,
}

#[derive(Clone, Debug)]
enum Pairs<'a> {
    /// The names on one line, and the numbers on the next.
    Apart(Fields<'a>, Fields<'a>),
    /// Each name before its number.
    InTurns(Fields<'a>),
}

impl<'a> ProtocolCounters<'a> {
    /// Reads `net/snmp` or `net/netstat`, where each protocol has a line of names and a line of numbers.
    ///
    /// An item is an error where two such lines are of different protocols or one has no colon.
    ///
    /// ```
    /// use linux_support_process::ProtocolCounters;
    ///
    /// let text = b"Tcp: RtoAlgorithm MaxConn\nTcp: 1 -1\n";
    /// let tcp = ProtocolCounters::parse_pairs(text).next().unwrap()?;
    /// assert_eq!((tcp.protocol(), tcp.value("MaxConn")), (&b"Tcp"[..], Some(-1)));
    /// # Ok::<(), linux_support_base::ParseError>(())
    /// ```
    ///
    /// # Source
    /// proc_pid_net(5); Documentation/networking/snmp_counter.rst.
    pub fn parse_pairs(text: &'a [u8]) -> impl Iterator<Item = Result<Self, ParseError>> + Clone {
        let mut lines = lines(text);
        core::iter::from_fn(move || {
            let names = lines.next()?;
            let numbers = lines.next().unwrap_or_default();
            Some(match (split_once(names, b':'), split_once(numbers, b':')) {
                (Some((protocol, names)), Some((same, numbers))) if protocol == same => {
                    Ok(Self { protocol, pairs: Pairs::Apart(fields(names), fields(numbers)) })
                }
                _ => Err(ParseError::expected("a line of names and one of numbers", names)),
            })
        })
    }

    /// Reads `net/sockstat` or `net/sockstat6`, where each protocol has one line.
    ///
    /// An item is an error where a line has no colon.
    pub fn parse_lines(text: &'a [u8]) -> impl Iterator<Item = Result<Self, ParseError>> + Clone {
        lines(text).map(|line| {
            let error = || ParseError::expected("a protocol and a colon", line);
            let (protocol, pairs) = split_once(line, b':').ok_or_else(error)?;
            Ok(Self { protocol, pairs: Pairs::InTurns(fields(pairs)) })
        })
    }

    /// The protocol: `Ip`, `Tcp`, `TcpExt`, `UDP` …
    #[must_use]
    pub fn protocol(&self) -> &'a [u8] {
        self.protocol
    }

    /// The names and numbers, in the kernel's order. An item is an error where a name has no number.
    pub fn counters(&self) -> impl Iterator<Item = Result<(&'a [u8], i64), ParseError>> + use<'a> {
        let mut pairs = self.pairs.clone();
        core::iter::from_fn(move || {
            let (name, number) = pairs.next()?;
            let number = number.ok_or_else(|| ParseError::expected("a number", &name[name.len()..]));
            Some(
                number
                    .and_then(counter)
                    .map(|number| (name, number))
                    .map_err(|error| error.in_field("counter")),
            )
        })
    }

    /// The number of this name; `None` too where it is none.
    #[must_use]
    pub fn value(&self, name: impl AsRef<[u8]>) -> Option<i64> {
        let mut pairs = self.pairs.clone();
        loop {
            let (other, number) = pairs.next()?;
            if other == name.as_ref() {
                return counter(number?).ok();
            }
        }
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for ProtocolCounters<'_> {
    /// The protocol, and an object of names and numbers. A name without a number is an error here too.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::{Error, SerializeStruct};

        let counters = self
            .counters()
            .map(|counter| counter.map(|(name, number)| (ByteString::from(name).to_string(), number)))
            .collect::<Result<BTreeMap<_, _>, _>>()
            .map_err(S::Error::custom)?;
        let mut group = serializer.serialize_struct("ProtocolCounters", 2)?;
        group.serialize_field("protocol", &ByteString::from(self.protocol))?;
        group.serialize_field("counters", &counters)?;
        group.end()
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for ProtocolCounters<'_> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ProtocolCounters".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "properties": {
                "protocol": generator.subschema_for::<ByteString>(),
                "counters": { "type": "object", "additionalProperties": { "type": "integer" } }
            },
            "required": ["protocol", "counters"],
            "description": "What a protocol counts, by the kernel's names."
        })
    }
}

/// Reads a counter. Some are of 64 bits without a sign: those that wrap are what a reader compares with a sign too.
fn counter(text: &[u8]) -> Result<i64, ParseError> {
    match text.first() {
        Some(b'-') => decimal(text),
        _ => decimal::<u64>(text).map(u64::cast_signed),
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a [u8], Option<&'a [u8]>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Apart(names, numbers) => Some((names.next()?, numbers.next())),
            Self::InTurns(fields) => Some((fields.next()?, fields.next())),
        }
    }
}

/// Reads `net/snmp6`: names and numbers, one a line. An item is an error where a line has no number.
///
/// # Source
/// net/ipv6/proc.c, snmp6_seq_show.
pub fn ipv6_counters(text: &[u8]) -> impl Iterator<Item = Result<(&[u8], u64), ParseError>> + Clone {
    lines(text).map(|line| {
        let mut columns = Columns::of(line);
        Ok((columns.word("name")?, columns.decimal("number")?))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_and_numbers_are_brought_together() {
        let text = b"Ip: Forwarding DefaultTTL\nIp: 2 64\nTcp: MaxConn New\nTcp: -1 18446744073709551615\n";
        let groups: Vec<_> = ProtocolCounters::parse_pairs(text).map(Result::unwrap).collect();
        assert_eq!((groups[0].protocol(), groups[0].value("DefaultTTL")), (&b"Ip"[..], Some(64)));
        assert_eq!((groups[1].value("MaxConn"), groups[1].value("None")), (Some(-1), None));
        let counters: Vec<_> = groups[0].counters().map(Result::unwrap).collect();
        assert_eq!(counters, [(&b"Forwarding"[..], 2), (b"DefaultTTL", 64)]);
        assert_eq!(ProtocolCounters::parse_pairs(text.trim_ascii_end()).count(), 2);
    }

    #[test]
    fn a_missing_number_and_a_missing_line_are_errors() {
        let group = ProtocolCounters::parse_pairs(b"Ip: A B\nIp: 1\n").next().unwrap().unwrap();
        assert!(group.counters().nth(1).unwrap().is_err());
        assert_eq!(group.value("B"), None);
        let text = b"Ip: A\nTcp: 1\nUdp: A\n";
        let groups: Vec<_> = ProtocolCounters::parse_pairs(text).collect();
        assert!(groups[0].is_err() && groups[1].is_err());
    }

    #[test]
    fn sockets_are_counted_on_one_line() {
        let text = b"sockets: used 44\nTCP: inuse 1 orphan 0 tw 7 alloc 1 mem 0\nFRAG: inuse 0 memory 3";
        let groups: Vec<_> = ProtocolCounters::parse_lines(text).map(Result::unwrap).collect();
        assert_eq!((groups[0].value("used"), groups[1].value("tw")), (Some(44), Some(7)));
        assert_eq!(groups[2].counters().count(), 2);
        assert!(ProtocolCounters::parse_lines(b"none\n").next().unwrap().is_err());
    }

    #[test]
    #[cfg(feature = "serde")]
    fn a_protocol_is_written_as_an_object_of_its_counters() {
        let mut groups = ProtocolCounters::parse_lines(b"TCP: inuse 1 mem -7\nUDP: inuse\n");
        let json = serde_json::to_value(groups.next().unwrap().unwrap()).unwrap();
        let expected = serde_json::json!({ "protocol": "TCP", "counters": { "inuse": 1, "mem": -7 } });
        assert_eq!(json, expected);
        assert!(serde_json::to_value(groups.next().unwrap().unwrap()).is_err());
    }

    #[test]
    fn counters_of_ipv6_are_one_a_line() {
        let text = b"Ip6InReceives                   \t264\nIcmp6OutType133                 \t3\n";
        let counters: Vec<_> = ipv6_counters(text).map(Result::unwrap).collect();
        assert_eq!(counters, [(&b"Ip6InReceives"[..], 264), (b"Icmp6OutType133", 3)]);
        assert!(ipv6_counters(b"Ip6InReceives\n").next().unwrap().is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(Ip|Tcp|: |[0-9]{1,20}|[A-Za-z]| |-|\n){0,24}", bytes: Vec<u8>) {
            for text in [text.as_bytes(), &bytes] {
                let groups = ProtocolCounters::parse_pairs(text).chain(ProtocolCounters::parse_lines(text));
                for group in groups.flatten() {
                    let _ = (group.counters().count(), group.value("Ip"));
                }
                ipv6_counters(text).for_each(drop);
            }
        }
    }
}
