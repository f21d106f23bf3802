use bitflags::bitflags;

bitflags! {
    /// What a descriptor is ready for. Bits that are not known here are kept.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    #[doc(alias = "EPOLLIN")]
    pub struct Readiness: u32 {
        /// To be read: there is data, a connection to accept, or the end.
        #[doc(alias = "EPOLLIN")]
        const READABLE = 0x1;
        /// There is something exceptional, such as urgent data on a TCP socket.
        #[doc(alias = "EPOLLPRI")]
        const PRIORITY = 0x2;
        /// To be written.
        #[doc(alias = "EPOLLOUT")]
        const WRITABLE = 0x4;
        /// There was an error; always told, whether wanted or not.
        #[doc(alias = "EPOLLERR")]
        const ERROR = 0x8;
        /// The other side hung up, or the process of a pidfd was waited for; always told, whether wanted or not.
        #[doc(alias = "EPOLLHUP")]
        const HANG_UP = 0x10;
        /// Normal data is to be read.
        #[doc(alias = "EPOLLRDNORM")]
        const NORMAL_READABLE = 0x40;
        /// Priority data is to be read.
        #[doc(alias = "EPOLLRDBAND")]
        const BAND_READABLE = 0x80;
        /// Normal data can be written.
        #[doc(alias = "EPOLLWRNORM")]
        const NORMAL_WRITABLE = 0x100;
        /// Priority data can be written.
        #[doc(alias = "EPOLLWRBAND")]
        const BAND_WRITABLE = 0x200;
        /// The other side of a stream will write no more.
        #[doc(alias = "EPOLLRDHUP")]
        const PEER_CLOSED = 0x2000;
        const _ = !0;
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Readiness {
    /// The names of the bits; those that are not known as one hexadecimal number.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let known = self.iter_names().filter(|(name, _)| *name != "_");
        let rest = Self::all().iter_names().fold(*self, |rest, (_, bit)| rest.difference(bit));
        let unknown = (!rest.is_empty()).then(|| format!("{:#x}", rest.bits()));
        serializer.collect_seq(known.map(|(name, _)| name.to_lowercase().replace('_', "-")).chain(unknown))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Readiness {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Readiness".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "array",
            "items": { "type": "string" },
            "description": "What a descriptor is ready for."
        })
    }
}
