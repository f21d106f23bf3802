//! Reports of what went wrong on a bus: include/uapi/linux/can/error.h.

bitflags::bitflags! {
    /// What went wrong on a bus.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    #[doc(alias = "CAN_ERR_FLAG")]
    pub struct CanErrorClasses: u32 {
        /// The controller could not send in time.
        const TRANSMIT_TIMEOUT = 0x001;
        /// Another's frame went first.
        const LOST_ARBITRATION = 0x002;
        /// The controller has a problem.
        const CONTROLLER = 0x004;
        /// The protocol was violated.
        const PROTOCOL = 0x008;
        /// The transceiver's state.
        const TRANSCEIVER = 0x010;
        /// Nobody acknowledged.
        const NO_ACKNOWLEDGEMENT = 0x020;
        /// The controller took itself off the bus.
        const BUS_OFF = 0x040;
        /// An error on the bus.
        const BUS_ERROR = 0x080;
        /// The controller was started again.
        const RESTARTED = 0x100;
        /// The report counts errors.
        const COUNTS = 0x200;
    }
}

/// A report of what went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorFrame {
    pub(super) classes: u32,
    pub(super) data: [u8; 8],
}

impl ErrorFrame {
    /// What went wrong.
    #[must_use]
    pub fn classes(&self) -> CanErrorClasses {
        CanErrorClasses::from_bits_retain(self.classes)
    }

    /// At which bit another's frame went first, if that is it and it is known.
    #[must_use]
    pub fn lost_at_bit(&self) -> Option<u8> {
        self.classes()
            .contains(CanErrorClasses::LOST_ARBITRATION)
            .then_some(self.data[0])
            .filter(|bit| *bit > 0)
    }

    /// How many errors there were when sending, and when receiving, if the report says.
    #[must_use]
    pub fn counts(&self) -> Option<(u8, u8)> {
        self.classes().contains(CanErrorClasses::COUNTS).then_some((self.data[6], self.data[7]))
    }

    /// All that the report says, as include/uapi/linux/can/error.h has it.
    #[must_use]
    pub fn data(&self) -> [u8; 8] {
        self.data
    }
}
