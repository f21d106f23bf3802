use core::time::Duration;

use linux_support_base::{
    ByteString, Error, GroupId, Machine, ParseError, Requirement, UserId,
    text::{decimal, hexadecimal, lines},
};

use super::{Key, KeyPermissions, KeyType, description::id};

bitflags::bitflags! {
    /// How a key is.
    ///
    /// # Source
    /// keyrings(7), "/proc/keys".
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct KeyStates: u8 {
        /// It is more than a name: it has content, or it is known that there is none.
        const INSTANTIATED = 1 << 0;
        /// It was revoked.
        const REVOKED = 1 << 1;
        /// Its type is gone from the kernel.
        const DEAD = 1 << 2;
        /// It counts for its user.
        const COUNTED = 1 << 3;
        /// A program is making it.
        const UNDER_CONSTRUCTION = 1 << 4;
        /// It is known that there is none.
        const NEGATIVE = 1 << 5;
        /// It was invalidated.
        const INVALIDATED = 1 << 6;
    }
}

/// The letters, in the order of the file.
const LETTERS: [(u8, KeyStates); 7] = [
    (b'I', KeyStates::INSTANTIATED),
    (b'R', KeyStates::REVOKED),
    (b'D', KeyStates::DEAD),
    (b'Q', KeyStates::COUNTED),
    (b'U', KeyStates::UNDER_CONSTRUCTION),
    (b'N', KeyStates::NEGATIVE),
    (b'i', KeyStates::INVALIDATED),
];

/// How long a key lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum KeyExpiry {
    /// It has expired.
    Expired,
    /// At least so long, in the unit that the kernel shows: seconds, minutes, hours, days or weeks.
    After(Duration),
    /// For ever.
    Never,
}

/// A key, as the caller sees it in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ListedKey {
    /// Its number.
    pub key: Key,
    /// How it is.
    #[cfg_attr(feature = "serde", serde(serialize_with = "states"))]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub states: KeyStates,
    /// Letters for states that are not known here.
    pub other_states: ByteString,
    /// What the kernel itself has that refers to it.
    pub uses: u32,
    /// How long it lasts.
    pub expiry: KeyExpiry,
    /// Who may do what with it.
    pub permissions: KeyPermissions,
    /// Its owner.
    pub user: UserId,
    /// Its group.
    pub group: GroupId,
    /// Its type: where that is not known here, no more than the nine bytes that the kernel shows.
    pub kind: KeyType,
    /// The description, and what keys of the type tell beside: see [`description`](Self::description).
    pub summary: ByteString,
}

impl ListedKey {
    /// The summary without what the type tells beside, which is behind the last `: `. A description that holds such
    /// itself can't be told from that if the key has no content: [`Key::describe`] is sure.
    #[must_use]
    pub fn description(&self) -> &[u8] {
        let summary = self.summary.as_bytes();
        let tells =
            self.states.contains(KeyStates::INSTANTIATED) && !self.states.contains(KeyStates::NEGATIVE);
        match memchr::memmem::rfind(summary, b": ") {
            Some(at) if tells => &summary[..at],
            _ => summary,
        }
    }

    /// How many bytes it holds, or keys if it is a keyring, where the summary tells.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        let tail = self.summary.as_bytes().get(self.description().len() + 2..)?;
        let number = tail.split(|&byte| byte == b' ').next()?;
        if number == b"empty" { Some(0) } else { decimal(number).ok() }
    }
}

/// The keys that the caller may view: `/proc/keys`.
///
/// A description may hold a line break, and then anything at all: lines of the file that look like keys can be made up by
/// whoever owns a key. [`Key::describe`] tells what a number really is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KeyList(Vec<ListedKey>);

impl KeyList {
    /// Reads the file. A line that is no key belongs to the description before.
    ///
    /// # Errors
    /// The first line is no key.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let mut keys: Vec<ListedKey> = Vec::new();
        let (mut rest, mut begin) = (lines(text), 0);
        loop {
            let at = text.len() - rest.rest().len();
            let Some(line) = rest.next() else { break };
            let end = at + line.len();
            match (listed(line), keys.last_mut()) {
                (Ok(key), _) => {
                    begin = end - key.summary.len();
                    keys.push(key);
                }
                (Err(error), None) => return Err(error),
                (Err(_), Some(_)) => {
                    // As long as lines follow that are no keys, they are taken together.
                    let mut last = end;
                    while let Some(next) = rest.clone().next().filter(|next| listed(next).is_err()) {
                        last = text.len() - rest.rest().len() + next.len();
                        rest.next();
                    }
                    if let Some(key) = keys.last_mut() {
                        key.summary = text[begin..last].into();
                    }
                }
            }
        }
        Ok(Self(keys))
    }

    /// Those that the caller may view.
    ///
    /// # Errors
    /// The file is absent (CONFIG_KEYS) or can't be read.
    #[doc(alias = "/proc/keys")]
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        const NEEDS: Requirement = Requirement::none().configuration("CONFIG_KEYS");
        machine.parse_needing("/proc/keys", NEEDS, Self::parse)
    }

    /// All, by number.
    #[must_use]
    pub fn keys(&self) -> &[ListedKey] {
        &self.0
    }

    /// A key of the list.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<&ListedKey> {
        self.0.iter().find(|listed| listed.key == key)
    }
}

fn listed(line: &[u8]) -> Result<ListedKey, ParseError> {
    let mut rest = line;
    let mut word = |field| {
        let start = rest.iter().position(|&byte| byte != b' ').unwrap_or(rest.len());
        let from = &rest[start..];
        let end = memchr::memchr(b' ', from).unwrap_or(from.len());
        rest = &from[end..];
        if end == 0 {
            return Err(ParseError::expected("one more field", from).in_field(field));
        }
        Ok(&from[..end])
    };
    let serial = word("key")?;
    let key = hexadecimal::<u32>(serial).map_err(|error| error.in_field("key"))?;
    let key = i32::try_from(key).ok().and_then(Key::new);
    let key =
        key.ok_or_else(|| ParseError::expected("a number from 1 to 7fffffff", serial).in_field("key"))?;
    let (states, other_states) = states_of(word("states")?)?;
    let uses = decimal(word("uses")?).map_err(|error| error.in_field("uses"))?;
    let expiry = expiry(word("expiry")?).map_err(|error| error.in_field("expiry"))?;
    let permissions =
        KeyPermissions::parse(word("permissions")?).map_err(|error| error.in_field("permissions"))?;
    let user = UserId::new(id(word("user")?).map_err(|error| error.in_field("user"))?);
    let group = GroupId::new(id(word("group")?).map_err(|error| error.in_field("group"))?);
    let kind_text = word("type")?;
    // The type takes nine columns, and a blank follows.
    let columns = kind_text.len().max(9) - kind_text.len() + 1;
    let blanks = rest.iter().take(columns).take_while(|&&byte| byte == b' ').count();
    let summary = rest[blanks..].into();
    let kind = KeyType::parse_shown(kind_text);
    Ok(ListedKey { key, states, other_states, uses, expiry, permissions, user, group, kind, summary })
}

fn states_of(text: &[u8]) -> Result<(KeyStates, ByteString), ParseError> {
    let (mut states, mut other) = (KeyStates::empty(), Vec::new());
    for &letter in text.iter().filter(|&&letter| letter != b'-') {
        match LETTERS.iter().find(|(known, _)| *known == letter) {
            Some((_, state)) => states |= *state,
            None if letter.is_ascii_alphabetic() => other.push(letter),
            None => return Err(ParseError::expected("letters and `-`", text).in_field("states")),
        }
    }
    Ok((states, other.into()))
}

fn expiry(text: &[u8]) -> Result<KeyExpiry, ParseError> {
    match text {
        b"perm" => return Ok(KeyExpiry::Never),
        b"expd" => return Ok(KeyExpiry::Expired),
        _ => {}
    }
    let error = || ParseError::expected("perm, expd, or a number and s, m, h, d or w", text);
    let (&unit, number) = text.split_last().ok_or_else(error)?;
    let unit: u64 = match unit {
        b's' => 1,
        b'm' => 60,
        b'h' => 3600,
        b'd' => 86_400,
        b'w' => 604_800,
        _ => return Err(error()),
    };
    let seconds = decimal::<u64>(number)?.checked_mul(unit).ok_or_else(error)?;
    Ok(KeyExpiry::After(Duration::from_secs(seconds)))
}

#[cfg(feature = "serde")]
fn states<S: serde::Serializer>(states: &KeyStates, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(states.iter_names().map(|(name, _)| name.to_ascii_lowercase().replace('_', "-")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As read on a machine, with one line of each kind.
    const TEXT: &[u8] = b"\
00a9d87e I--Q---     1 perm 0c030000     0 65534 keyring   .user_reg: 2
126489d3 I------     1 perm 1f030000     0     0 keyring   .dns_resolver: empty
0e4d3a11 I--Q---     1  59m 3f010000  1000   100 user      a: b: 5
2a5ce6f0 IR-Q---     1 expd 3f010000     0    -1 logon     svc:x: 3
1b2c3d4e I--Q-N-     1   2w 3f010000     0     0 user      none: here
3c0c0c0c I-------X   9  10s 3f3f0000     0     0 asymmetri  leading: X509.rsa 12345678 []
";

    #[test]
    fn each_key_has_its_line() {
        let list = KeyList::parse(TEXT).unwrap();
        assert_eq!(KeyList::parse(TEXT.trim_ascii_end()), Ok(list.clone()));
        let [registered, resolver, user, logon, negative, certificate] = list.keys() else { panic!() };
        assert_eq!((registered.key.number(), registered.uses), (0x00a9_d87e, 1));
        assert_eq!(registered.states, KeyStates::INSTANTIATED | KeyStates::COUNTED);
        assert_eq!((registered.description(), registered.size()), (&b".user_reg"[..], Some(2)));
        assert_eq!((resolver.size(), &resolver.kind), (Some(0), &KeyType::Keyring));
        assert_eq!((user.description(), user.size()), (&b"a: b"[..], Some(5)));
        assert_eq!(user.expiry, KeyExpiry::After(Duration::from_secs(59 * 60)));
        assert_eq!((user.user.number(), user.group.number()), (1000, 100));
        assert!(logon.states.contains(KeyStates::REVOKED) && logon.group.is_none());
        assert_eq!((logon.expiry, logon.description()), (KeyExpiry::Expired, &b"svc:x"[..]));
        assert_eq!((negative.description(), negative.size()), (&b"none: here"[..], None));
        assert_eq!(negative.expiry, KeyExpiry::After(Duration::from_secs(14 * 86_400)));
        assert_eq!(
            (&certificate.kind, certificate.other_states.as_bytes()),
            (&KeyType::Asymmetric, &b"X"[..])
        );
        assert_eq!((certificate.description(), certificate.size()), (&b" leading"[..], None));
        assert_eq!(list.get(user.key), Some(user));
    }

    #[test]
    fn a_description_with_line_breaks_is_whole() {
        let text = b"00000001 I--Q---     1 perm 3f010000     0     0 user      a\n\nb: 5\n";
        let list = KeyList::parse(text).unwrap();
        assert_eq!(list.keys().len(), 1);
        assert_eq!((list.keys()[0].description(), list.keys()[0].size()), (&b"a\n\nb"[..], Some(5)));
        // A hundred thousand of them take no longer than as many keys.
        let key = &TEXT[..TEXT.iter().position(|&byte| byte == b'\n').unwrap()];
        let long = [key, &b"\nx".repeat(100_000), b"\n", key].concat();
        let list = KeyList::parse(&long).unwrap();
        assert_eq!((list.keys().len(), list.keys()[0].summary.len()), (2, ".user_reg: 2".len() + 200_000));
        assert_eq!(list.keys()[1].summary, ".user_reg: 2");
    }

    #[test]
    fn a_line_that_is_no_key_is_told() {
        let error = |text: &str| {
            let error = KeyList::parse(text.as_bytes()).unwrap_err().within(text.as_bytes());
            (error.line(), error.field())
        };
        assert_eq!(error("x"), (Some(1), Some("key")));
        assert_eq!(error("80000000 I 1 perm 3f 0 0 user d"), (Some(1), Some("key")));
        assert_eq!(error("00000000 I 1 perm 3f 0 0 user d"), (Some(1), Some("key")));
        assert_eq!(error("1 + 1 perm 3f 0 0 user d"), (Some(1), Some("states")));
        assert_eq!(error("1 I 1 perx 3f 0 0 user d"), (Some(1), Some("expiry")));
        assert_eq!(error("1 I 1 99999999999999999999w 3f 0 0 user d"), (Some(1), Some("expiry")));
        assert_eq!(error("1 I 1 perm 3f 0 0"), (Some(1), Some("type")));
        assert_eq!(KeyList::parse(b"").unwrap(), KeyList::default());
    }

    proptest! {
        #[test]
        fn nothing_panics(
            text in "([0-9a-f]{1,8} |[IRDQUNi-]{1,7} |perm |[0-9]{1,20}[smhdw] |keyring  |: |\\n|.){0,20}",
            bytes: Vec<u8>,
        ) {
            for text in [text.as_bytes(), &bytes] {
                if let Ok(list) = KeyList::parse(text) {
                    for key in list.keys() {
                        let _ = (key.description(), key.size());
                    }
                }
            }
        }
    }
}
