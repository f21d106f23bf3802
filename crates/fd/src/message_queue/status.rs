//! What a file of the mqueue file system says.

use linux_support_base::{ByteString, Bytes, ParseError, Pid, Signal, text};

/// What a file of a mounted mqueue file system says of its queue.
///
/// ```
/// use linux_support_base::{Bytes, Pid, Signal};
/// use linux_support_fd::{MessageQueueStatus, QueueNotification};
///
/// let text = b"QSIZE:129        NOTIFY:0     SIGNO:10    NOTIFY_PID:8260  \n";
/// let status = MessageQueueStatus::parse(text)?;
/// assert_eq!(status.queued, Bytes::new(129));
/// assert_eq!(status.notification, QueueNotification::Signal(Signal::USR1));
/// assert_eq!(status.notified, Pid::new(8260));
/// # Ok::<(), linux_support_base::ParseError>(())
/// ```
///
/// # Source
/// mq_overview(7).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessageQueueStatus {
    /// The sum of the lengths of the messages in the queue.
    #[doc(alias = "QSIZE")]
    pub queued: Bytes,
    /// How the process that registered is told of a message.
    #[doc(alias = "NOTIFY")]
    pub notification: QueueNotification,
    /// The process that registered, if one did and it is in the reader's PID namespace.
    #[doc(alias = "NOTIFY_PID")]
    pub notified: Option<Pid>,
    /// Fields that this library does not know, with their values.
    pub other: Vec<(ByteString, ByteString)>,
}

/// How a process that registered is told of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueueNotification {
    /// Nobody registered: the kernel writes the same as for a signal, with 0 for its number.
    Nobody,
    /// By this signal.
    #[doc(alias = "SIGEV_SIGNAL")]
    Signal(Signal),
    /// Not at all.
    #[doc(alias = "SIGEV_NONE")]
    None,
    /// By a thread that the C library starts.
    #[doc(alias = "SIGEV_THREAD")]
    Thread,
    /// By a way or a signal that this library does not know.
    Unknown {
        /// The way.
        notify: u32,
        /// The signal's number.
        signal: u32,
    },
}

impl QueueNotification {
    fn new(notify: u32, signal: u32) -> Self {
        let known = u8::try_from(signal).ok().and_then(Signal::new);
        match (notify, signal, known) {
            (0, 0, _) => Self::Nobody,
            (0, _, Some(signal)) => Self::Signal(signal),
            (1, 0, _) => Self::None,
            (2, 0, _) => Self::Thread,
            _ => Self::Unknown { notify, signal },
        }
    }
}

impl MessageQueueStatus {
    /// Reads the file.
    ///
    /// # Errors
    /// A word has no colon; one of the fields is missing or no number.
    pub fn parse(file: &[u8]) -> Result<Self, ParseError> {
        let (mut queued, mut notify, mut signal, mut pid) = (None, None, None, None);
        let mut other = Vec::new();
        for word in text::fields(text::trim(file)) {
            let (key, value) = text::split_once(word, b':')
                .ok_or_else(|| ParseError::expected("a key, a colon and a value", word).within(file))?;
            let number = |field| text::decimal(value).map_err(|error| error.in_field(field).within(file));
            match key {
                b"QSIZE" => {
                    queued = Some(text::decimal(value).map_err(|error| error.in_field("QSIZE").within(file))?)
                }
                b"NOTIFY" => notify = Some(number("NOTIFY")?),
                b"SIGNO" => signal = Some(number("SIGNO")?),
                b"NOTIFY_PID" => {
                    let parsed = Pid::parse_optional(value);
                    pid = Some(parsed.map_err(|error| error.in_field("NOTIFY_PID").within(file))?);
                }
                _ => other.push((key.into(), value.into())),
            }
        }
        let missing = |field| ParseError::expected("the field", file).in_field(field);
        let notify = notify.ok_or_else(|| missing("NOTIFY"))?;
        let signal = signal.ok_or_else(|| missing("SIGNO"))?;
        Ok(Self {
            queued: Bytes::new(queued.ok_or_else(|| missing("QSIZE"))?),
            notification: QueueNotification::new(notify, signal),
            notified: pid.ok_or_else(|| missing("NOTIFY_PID"))?,
            other,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EMPTY: &str = "QSIZE:0          NOTIFY:0     SIGNO:0     NOTIFY_PID:0     \n";

    #[test]
    fn nobody_is_told_with_and_without_a_last_newline() {
        for text in [EMPTY, EMPTY.trim_end()] {
            let status = MessageQueueStatus::parse(text.as_bytes()).unwrap();
            assert_eq!((status.queued, status.notified), (Bytes::new(0), None));
            assert_eq!((status.notification, status.other), (QueueNotification::Nobody, vec![]));
        }
    }

    #[test]
    fn the_ways_to_be_told_are_kept_apart() {
        let way = |notify, signal| QueueNotification::new(notify, signal);
        assert_eq!(way(0, 64), QueueNotification::Signal(Signal::new(64).unwrap()));
        assert_eq!((way(1, 0), way(2, 0)), (QueueNotification::None, QueueNotification::Thread));
        assert_eq!(way(7, 0), QueueNotification::Unknown { notify: 7, signal: 0 });
        assert_eq!(way(0, 300), QueueNotification::Unknown { notify: 0, signal: 300 });
    }

    #[test]
    fn unknown_fields_are_kept() {
        let text = format!("NEW:a:b {EMPTY}");
        let status = MessageQueueStatus::parse(text.as_bytes()).unwrap();
        assert_eq!(status.other, [("NEW".into(), "a:b".into())]);
    }

    #[test]
    fn what_is_cut_short_or_no_number_is_an_error_that_names_the_field() {
        let error = |text: &str| MessageQueueStatus::parse(text.as_bytes()).unwrap_err();
        assert_eq!(error("").field(), Some("NOTIFY"));
        assert_eq!(error("QSIZE:0 NOTIFY:0 SIGNO:0").field(), Some("NOTIFY_PID"));
        assert_eq!(error("QSIZE:x NOTIFY:0 SIGNO:0 NOTIFY_PID:0").field(), Some("QSIZE"));
        assert_eq!(error("QSIZE:1 NOTIFY:0 SIGNO: NOTIFY_PID:0").field(), Some("SIGNO"));
        assert!(MessageQueueStatus::parse(b"QSIZE \xff").is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(text in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = MessageQueueStatus::parse(&text);
        }
    }
}
