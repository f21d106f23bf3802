use linux_support_base::{
    ByteString, GroupId, ParseError, UserId,
    text::{decimal, trim},
};

use super::{KeyPermissions, KeyType};

/// What a key is: its type, owner, permissions and description.
///
/// ```
/// use linux_support_security::keyring::{KeyDescription, KeyType};
///
/// let key = KeyDescription::parse(b"user;1000;100;3f010000;mail;ann")?;
/// assert_eq!((key.kind, key.description.as_bytes()), (KeyType::User, &b"mail;ann"[..]));
/// # Ok::<(), linux_support_base::ParseError>(())
/// ```
///
/// # Source
/// keyctl_describe(3).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct KeyDescription {
    /// Its type.
    pub kind: KeyType,
    /// Its owner; where there is none in the caller's user namespace, the overflow user, mostly 65534.
    pub user: UserId,
    /// Its group, likewise.
    pub group: GroupId,
    /// Who may do what with it.
    pub permissions: KeyPermissions,
    /// What it is for: together with the type, its name in a keyring.
    pub description: ByteString,
}

impl KeyDescription {
    /// Reads the kernel's text. The description may hold anything but a NUL.
    ///
    /// # Errors
    /// One of the five parts is missing, or is no number where one should be.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let text = text.strip_suffix(b"\0").unwrap_or(text);
        let mut parts = text.splitn(5, |&byte| byte == b';');
        let mut part = |field| {
            parts
                .next()
                .ok_or_else(|| ParseError::expected("one more part", &text[text.len()..]).in_field(field))
        };
        let kind = part("type")?;
        if kind.is_empty() {
            return Err(ParseError::expected("a type", kind).in_field("type"));
        }
        Ok(Self {
            kind: KeyType::parse(kind),
            user: UserId::new(id(part("user")?).map_err(|error| error.in_field("user"))?),
            group: GroupId::new(id(part("group")?).map_err(|error| error.in_field("group"))?),
            permissions: KeyPermissions::parse(part("permissions")?)
                .map_err(|error| error.in_field("permissions"))?,
            description: part("description")?.into(),
        })
    }
}

/// A user or group, which the kernel writes as a number with sign here.
pub(super) fn id(text: &[u8]) -> Result<u32, ParseError> {
    let text = trim(text);
    match text.first() {
        Some(b'-') => decimal::<i32>(text).map(i32::cast_unsigned),
        _ => decimal(text),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_description_may_hold_what_parts_the_others() {
        let key = KeyDescription::parse(b"keyring;0;-1;3f130000;a;b\nc: d\0").unwrap();
        assert_eq!((key.kind, key.user.number()), (KeyType::Keyring, 0));
        assert!(key.group.is_none());
        assert_eq!(key.permissions.bits(), 0x3f13_0000);
        assert_eq!(key.description, "a;b\nc: d");
        assert_eq!(
            KeyDescription::parse(b"new;4294967294;0;0;").unwrap().kind,
            KeyType::Unknown("new".into())
        );
    }

    #[test]
    fn a_part_that_is_missing_is_named() {
        let field = |text: &[u8]| KeyDescription::parse(text).unwrap_err().field();
        assert_eq!(field(b""), Some("type"));
        assert_eq!(field(b"user"), Some("user"));
        assert_eq!(field(b"user;0"), Some("group"));
        assert_eq!(field(b"user;0;x;3f;d"), Some("group"));
        assert_eq!(field(b"user;0;0;g;d"), Some("permissions"));
        assert_eq!(field(b"user;0;0;3f010000"), Some("description"));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "([a-z]{0,5};|-?[0-9]{0,11};|[0-9a-f]{0,9};|.){0,8}", bytes: Vec<u8>) {
            let _ = (KeyDescription::parse(text.as_bytes()), KeyDescription::parse(&bytes));
        }
    }
}
