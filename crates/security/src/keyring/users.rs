use linux_support_base::{
    Bytes, Error, Machine, ParseError, Requirement, UserId,
    text::{Integer, decimal, fields, lines},
};

/// How many keys a user has, and may have.
///
/// # Source
/// keyrings(7), "/proc/key-users".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct KeyUser {
    /// The user.
    pub user: UserId,
    /// What the kernel itself has that refers to the record.
    pub uses: u32,
    /// The user's keys.
    pub keys: u32,
    /// Of these, those that are more than a name.
    pub instantiated: u32,
    /// Those that count.
    pub counted: u32,
    /// How many may count.
    pub most: u32,
    /// What those that count take.
    pub size: Bytes,
    /// What they may take.
    pub most_size: Bytes,
}

/// The users who have keys: `/proc/key-users`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KeyUsers(Vec<KeyUser>);

impl KeyUsers {
    /// Reads the file.
    ///
    /// # Errors
    /// A line of another form.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        lines(text).map(user).collect::<Result<_, _>>().map(Self)
    }

    /// Those that the caller's user namespace has numbers for.
    ///
    /// # Errors
    /// The file is absent (CONFIG_KEYS) or can't be read.
    #[doc(alias = "/proc/key-users")]
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        const NEEDS: Requirement = Requirement::none().configuration("CONFIG_KEYS");
        machine.parse_needing("/proc/key-users", NEEDS, Self::parse)
    }

    /// All, by number.
    #[must_use]
    pub fn users(&self) -> &[KeyUser] {
        &self.0
    }

    /// What a user has; `None` for one without keys.
    #[must_use]
    pub fn of(&self, user: UserId) -> Option<&KeyUser> {
        self.0.iter().find(|record| record.user == user)
    }
}

fn user(line: &[u8]) -> Result<KeyUser, ParseError> {
    let mut fields = fields(line);
    let user = fields.required("user")?;
    let error = || ParseError::expected("a user and `:`", user).in_field("user");
    let id = UserId::new(decimal(user.strip_suffix(b":").ok_or_else(error)?)?);
    let uses = decimal(fields.required("uses")?).map_err(|error| error.in_field("uses"))?;
    let (keys, instantiated) = pair(fields.required("keys")?, "keys")?;
    let (counted, most) = pair(fields.required("counted")?, "counted")?;
    let (size, most_size) = pair(fields.required("size")?, "size")?;
    let (size, most_size) = (Bytes::new(size), Bytes::new(most_size));
    Ok(KeyUser { user: id, uses, keys, instantiated, counted, most, size, most_size })
}

/// Two numbers with `/` between.
fn pair<T: Integer>(text: &[u8], field: &'static str) -> Result<(T, T), ParseError> {
    let at = text.iter().position(|&byte| byte == b'/');
    let at = at.ok_or_else(|| ParseError::expected("two numbers with `/` between", text).in_field(field))?;
    let number = |text| decimal(text).map_err(|error: ParseError| error.in_field(field));
    Ok((number(&text[..at])?, number(&text[at + 1..])?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &[u8] = b"    0:     9 8/8 3/1000000 40/25000000\n 1000:     2 1/0 1/200 9/20000\n";

    #[test]
    fn each_user_has_a_line() {
        let users = KeyUsers::parse(TEXT).unwrap();
        assert_eq!(KeyUsers::parse(TEXT.trim_ascii_end()), Ok(users.clone()));
        let root = users.of(UserId::new(0)).unwrap();
        assert_eq!((root.uses, root.keys, root.instantiated), (9, 8, 8));
        assert_eq!((root.counted, root.most), (3, 1_000_000));
        assert_eq!((root.size, root.most_size), (Bytes::new(40), Bytes::new(25_000_000)));
        assert_eq!((users.users().len(), users.of(UserId::new(7))), (2, None));
        assert_eq!(KeyUsers::parse(b"").unwrap(), KeyUsers::default());
    }

    #[test]
    fn what_is_no_user_is_told() {
        let error =
            |text: &str| KeyUsers::parse(text.as_bytes()).unwrap_err().within(text.as_bytes()).to_string();
        assert!(error("0 9 8/8 3/1 4/2\n").contains("user"));
        assert!(error("0: 9 8 3/1 4/2\n").contains("keys"));
        assert!(error("0: 9 8/8 3/1\n").contains("size"));
        assert!(error("0: 9 8/8 3/1 4/-2\n").contains("size"));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "([0-9]{0,11}|:|/| |\\n|-){0,30}", bytes: Vec<u8>) {
            let _ = (KeyUsers::parse(text.as_bytes()), KeyUsers::parse(&bytes));
        }
    }
}
