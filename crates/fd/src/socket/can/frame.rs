//! The frames of a CAN bus.

use super::ErrorFrame;

/// CAN_EFF_FLAG, CAN_RTR_FLAG, CAN_ERR_FLAG.
pub(super) const EXTENDED: u32 = 0x8000_0000;
pub(super) const REMOTE: u32 = 0x4000_0000;
pub(super) const ERROR: u32 = 0x2000_0000;

/// CAN_MTU, CANFD_MTU, and the header of CAN XL.
const CLASSIC: usize = 16;
const FLEXIBLE: usize = 72;
const XL_HEADER: usize = 12;
const XL_MAXIMUM: usize = 2048;
/// CANXL_XLF: what tells such a frame from the others.
const XL: u8 = 0x80;

/// The room that a frame of any kind takes.
pub(super) const ROOM: usize = XL_HEADER + XL_MAXIMUM;

/// The identifier of a frame, which is its priority as well: the lower, the higher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CanId(u32);

impl CanId {
    /// The highest of 11 bits.
    pub const STANDARD_MAXIMUM: u16 = 0x7ff;
    /// The highest of 29 bits.
    pub const EXTENDED_MAXIMUM: u32 = 0x1fff_ffff;

    /// One of 11 bits.
    #[must_use]
    pub const fn standard(id: u16) -> Option<Self> {
        if id <= Self::STANDARD_MAXIMUM { Some(Self(id as u32)) } else { None }
    }

    /// One of 29 bits.
    #[must_use]
    pub const fn extended(id: u32) -> Option<Self> {
        if id <= Self::EXTENDED_MAXIMUM { Some(Self(id | EXTENDED)) } else { None }
    }

    /// Whether it has 29 bits.
    #[must_use]
    pub const fn is_extended(self) -> bool {
        self.0 & EXTENDED != 0
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0 & Self::EXTENDED_MAXIMUM
    }

    /// As the kernel has it.
    pub(super) const fn bits(self) -> u32 {
        self.0
    }

    fn of_bits(bits: u32) -> Self {
        let mask = if bits & EXTENDED != 0 { Self::EXTENDED_MAXIMUM | EXTENDED } else { 0x7ff };
        Self(bits & mask)
    }
}

/// A frame.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CanFrame {
    /// Of up to 8 bytes, or a request for one.
    Classic(ClassicFrame),
    /// With a flexible data rate, of up to 64 bytes.
    Flexible(FlexibleFrame),
    /// Of CAN XL, of up to 2,048 bytes.
    Extended(ExtendedFrame),
    /// A report of what went wrong.
    Error(ErrorFrame),
}

/// A frame of up to 8 bytes, or a request for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "can_frame")]
pub struct ClassicFrame {
    id: CanId,
    remote: bool,
    length: u8,
    data: [u8; 8],
}

impl ClassicFrame {
    /// A frame of these bytes; `None` if they are more than 8.
    #[must_use]
    pub fn new(id: CanId, data: &[u8]) -> Option<Self> {
        let mut frame = Self { id, remote: false, length: data.len() as u8, data: [0; 8] };
        frame.data.get_mut(..data.len())?.copy_from_slice(data);
        Some(frame)
    }

    /// A request for a frame of so many bytes; `None` if they are more than 8.
    #[must_use]
    pub fn request(id: CanId, length: u8) -> Option<Self> {
        (length <= 8).then_some(Self { id, remote: true, length, data: [0; 8] })
    }

    /// Its identifier.
    #[must_use]
    pub fn id(&self) -> CanId {
        self.id
    }

    /// Whether it is a request.
    #[must_use]
    pub fn is_request(&self) -> bool {
        self.remote
    }

    /// Its length, or the one that is requested.
    #[must_use]
    pub fn length(&self) -> u8 {
        self.length
    }

    /// Its bytes: none, of a request.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data[..if self.remote { 0 } else { usize::from(self.length).min(8) }]
    }
}

bitflags::bitflags! {
    /// How a frame with a flexible data rate was sent.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct FlexibleFlags: u8 {
        /// The data went at the higher rate.
        #[doc(alias = "CANFD_BRS")]
        const RATE_SWITCHED = 0x01;
        /// The sender has errors.
        #[doc(alias = "CANFD_ESI")]
        const SENDER_HAS_ERRORS = 0x02;
    }
}

/// A frame with a flexible data rate, of up to 64 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "canfd_frame")]
pub struct FlexibleFrame {
    id: CanId,
    flags: FlexibleFlags,
    length: u8,
    data: [u8; 64],
}

impl FlexibleFrame {
    /// A frame of these bytes; `None` if a frame can't have as many: it has 0 to 8, 12, 16, 20, 24, 32, 48 or 64.
    #[must_use]
    pub fn new(id: CanId, flags: FlexibleFlags, data: &[u8]) -> Option<Self> {
        if !matches!(data.len(), 0..=8 | 12 | 16 | 20 | 24 | 32 | 48 | 64) {
            return None;
        }
        let mut frame = Self { id, flags, length: data.len() as u8, data: [0; 64] };
        frame.data[..data.len()].copy_from_slice(data);
        Some(frame)
    }

    /// Its identifier.
    #[must_use]
    pub fn id(&self) -> CanId {
        self.id
    }

    /// How it was sent.
    #[must_use]
    pub fn flags(&self) -> FlexibleFlags {
        self.flags
    }

    /// Its bytes.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data[..usize::from(self.length).min(64)]
    }
}

/// A frame of CAN XL, of 1 to 2,048 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "canxl_frame")]
#[non_exhaustive]
pub struct ExtendedFrame {
    /// Its priority, of 11 bits: the lower, the higher.
    pub priority: u16,
    /// The virtual network on the bus.
    pub network: u8,
    /// What its data is.
    #[doc(alias = "SDT")]
    pub data_type: u8,
    /// Whether the protocol above is one that protects.
    #[doc(alias = "CANXL_SEC")]
    pub secured: bool,
    /// Whether it asks to be substituted.
    #[doc(alias = "CANXL_RRS")]
    pub remote_request_substitution: bool,
    /// Whom it is for, or what it is about.
    pub acceptance: u32,
    data: Vec<u8>,
}

impl ExtendedFrame {
    /// A frame of these bytes; `None` if they are none or more than 2,048, or the priority is above 0x7ff.
    #[must_use]
    pub fn new(priority: u16, data_type: u8, acceptance: u32, data: Vec<u8>) -> Option<Self> {
        if priority > CanId::STANDARD_MAXIMUM || !(1..=XL_MAXIMUM).contains(&data.len()) {
            return None;
        }
        Some(Self {
            priority,
            network: 0,
            data_type,
            secured: false,
            remote_request_substitution: false,
            acceptance,
            data,
        })
    }

    /// Its bytes.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }
}

impl CanFrame {
    /// The frame that the kernel gave as these bytes; `None` if they are of no known form.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let id = u32::from_ne_bytes(*bytes.first_chunk()?);
        if bytes.len() > XL_HEADER && bytes[4] & XL != 0 {
            let data = bytes[XL_HEADER..].get(..u16::from_ne_bytes([bytes[6], bytes[7]]).into())?;
            let mut frame = ExtendedFrame::new(
                (id & 0x7ff) as u16,
                bytes[5],
                u32::from_ne_bytes(*bytes[8..].first_chunk()?),
                data.to_vec(),
            )?;
            frame.network = (id >> 16) as u8;
            frame.secured = bytes[4] & 1 != 0;
            frame.remote_request_substitution = bytes[4] & 2 != 0;
            return Some(Self::Extended(frame));
        }
        match bytes.len() {
            CLASSIC => {
                let data = *bytes[8..].first_chunk()?;
                if id & ERROR != 0 {
                    let classes = id & CanId::EXTENDED_MAXIMUM;
                    return Some(Self::Error(ErrorFrame { classes, data }));
                }
                let length = Some(bytes[4]).filter(|length| *length <= 8)?;
                let remote = id & REMOTE != 0;
                Some(Self::Classic(ClassicFrame { id: CanId::of_bits(id), remote, length, data }))
            }
            FLEXIBLE => Some(Self::Flexible(FlexibleFrame {
                id: CanId::of_bits(id),
                flags: FlexibleFlags::from_bits_retain(bytes[5]),
                length: Some(bytes[4]).filter(|length| *length <= 64)?,
                data: *bytes[8..].first_chunk()?,
            })),
            _ => None,
        }
    }

    /// Writes it as the kernel takes it, and gives its length.
    pub(super) fn encode(&self, bytes: &mut [u8; ROOM]) -> usize {
        match self {
            Self::Classic(frame) => {
                let remote = if frame.remote { REMOTE } else { 0 };
                bytes[..4].copy_from_slice(&(frame.id.bits() | remote).to_ne_bytes());
                bytes[4] = frame.length;
                bytes[8..16].copy_from_slice(&frame.data);
                CLASSIC
            }
            Self::Flexible(frame) => {
                bytes[..4].copy_from_slice(&frame.id.bits().to_ne_bytes());
                bytes[4] = frame.length;
                // What tells it from a classic one, where both have the same length: CANFD_FDF.
                bytes[5] = frame.flags.bits() | 0x04;
                bytes[8..72].copy_from_slice(&frame.data);
                FLEXIBLE
            }
            Self::Extended(frame) => {
                let priority = u32::from(frame.priority & 0x7ff) | u32::from(frame.network) << 16;
                bytes[..4].copy_from_slice(&priority.to_ne_bytes());
                bytes[4] = XL | u8::from(frame.secured) | u8::from(frame.remote_request_substitution) << 1;
                bytes[5] = frame.data_type;
                bytes[6..8].copy_from_slice(&(frame.data.len() as u16).to_ne_bytes());
                bytes[8..12].copy_from_slice(&frame.acceptance.to_ne_bytes());
                bytes[XL_HEADER..][..frame.data.len()].copy_from_slice(&frame.data);
                XL_HEADER + frame.data.len()
            }
            Self::Error(frame) => {
                bytes[..4].copy_from_slice(&(frame.classes | ERROR).to_ne_bytes());
                bytes[4] = 8;
                bytes[8..16].copy_from_slice(&frame.data);
                CLASSIC
            }
        }
    }
}

impl From<ClassicFrame> for CanFrame {
    fn from(frame: ClassicFrame) -> Self {
        Self::Classic(frame)
    }
}

impl From<FlexibleFrame> for CanFrame {
    fn from(frame: FlexibleFrame) -> Self {
        Self::Flexible(frame)
    }
}

impl From<ExtendedFrame> for CanFrame {
    fn from(frame: ExtendedFrame) -> Self {
        Self::Extended(frame)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round(frame: &CanFrame) -> Option<CanFrame> {
        let mut bytes = [0; ROOM];
        let length = frame.encode(&mut bytes);
        CanFrame::decode(&bytes[..length])
    }

    #[test]
    fn each_kind_comes_back() {
        let id = CanId::extended(0x1234_5678).unwrap();
        let mut extended = ExtendedFrame::new(0x7ff, 3, 0xdead_beef, vec![9; 2048]).unwrap();
        (extended.network, extended.secured) = (7, true);
        for frame in [
            ClassicFrame::new(id, &[1, 2, 3]).unwrap().into(),
            ClassicFrame::request(CanId::standard(5).unwrap(), 8).unwrap().into(),
            extended.into(),
            CanFrame::Error(ErrorFrame { classes: 0x42, data: [1; 8] }),
        ] {
            assert_eq!(round(&frame).as_ref(), Some(&frame));
        }
        let flexible = FlexibleFrame::new(id, FlexibleFlags::RATE_SWITCHED, &[5; 64]).unwrap();
        let Some(CanFrame::Flexible(back)) = round(&flexible.into()) else { panic!() };
        assert_eq!((back.id(), back.data()), (id, &[5; 64][..]));
        assert!(back.flags().contains(FlexibleFlags::RATE_SWITCHED));
    }

    #[test]
    fn what_no_frame_can_be_is_refused() {
        let id = CanId::standard(1).unwrap();
        assert_eq!((CanId::standard(0x800), CanId::extended(1 << 29)), (None, None));
        assert_eq!(ClassicFrame::new(id, &[0; 9]), None);
        assert_eq!(ClassicFrame::request(id, 9), None);
        assert_eq!(FlexibleFrame::new(id, FlexibleFlags::empty(), &[0; 9]), None);
        assert_eq!(ExtendedFrame::new(1, 0, 0, Vec::new()), None);
        assert_eq!(ExtendedFrame::new(0x800, 0, 0, vec![1]), None);
    }

    #[test]
    fn a_length_beyond_the_frame_is_none() {
        let mut bytes = [0; 16];
        bytes[4] = 9;
        assert_eq!(CanFrame::decode(&bytes), None);
        let mut bytes = [0; 13];
        (bytes[4], bytes[6], bytes[7]) = (XL, 2, 2);
        assert_eq!(CanFrame::decode(&bytes), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = CanFrame::decode(&bytes);
        }

        #[test]
        fn frames_of_the_kernels_lengths_come_back(mut bytes in prop::array::uniform16(any::<u8>())) {
            bytes[4] &= 7;
            if let Some(frame) = CanFrame::decode(&bytes) {
                prop_assert_eq!(round(&frame), Some(frame));
            }
        }
    }
}
