use crate::{
    ByteString,
    text::{self, ParseError},
};

/// A setting of which the kernel writes all the values that it takes, with the one in force in brackets:
/// `none [integrity] confidentiality`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Choice {
    /// The value in force.
    pub chosen: ByteString,
    /// All values that this kernel takes, in its order.
    pub available: Vec<ByteString>,
}

impl Choice {
    /// Reads words apart by spaces, one of them in brackets.
    ///
    /// # Errors
    /// No word, or more than one, is in brackets.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let text = text.trim_ascii();
        let (mut chosen, mut available) = (None, Vec::new());
        for word in text::fields(text) {
            let bare = word.strip_prefix(b"[").and_then(|word| word.strip_suffix(b"]"));
            if let Some(bare) = bare
                && chosen.replace(ByteString::from(bare)).is_some()
            {
                return Err(ParseError::expected("one word in brackets", word));
            }
            available.push(ByteString::from(bare.unwrap_or(word)));
        }
        let chosen = chosen.ok_or_else(|| ParseError::expected("a word in brackets", text))?;
        Ok(Self { chosen, available })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_in_brackets_is_chosen() {
        let choice = Choice::parse(b"none [integrity] confidentiality\n").unwrap();
        assert_eq!(choice.chosen, "integrity");
        assert_eq!(choice.available.len(), 3);
        for text in ["", "none", "[a] [b]"] {
            assert!(Choice::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
