//! Frames on a CAN bus, those of one identifier alone.

use linux_support_base::Error;
use linux_support_fd::socket::{CanSocket, Interface, Socket, can::*};

pub(crate) fn main() -> Result<(), Error> {
    let bus = match Interface::named("vcan0") {
        Ok(interface) => Some(interface),
        Err(error) => {
            println!("{error}"); // no such interface here
            return Ok(());
        }
    };
    let (socket, other) = (CanSocket::open(bus)?, CanSocket::open(bus)?);
    let id = CanId::standard(0x42).unwrap();
    socket.set_filters(&[CanFilter::exactly(id)])?;
    socket.set_option(ReceiveErrorFrames(CanErrorClasses::BUS_OFF))?;

    // Of other identifiers, nothing comes through.
    other.send(&ClassicFrame::new(CanId::standard(0x43).unwrap(), &[9]).unwrap().into())?;
    other.send(&ClassicFrame::new(id, &[1, 2, 3]).unwrap().into())?;
    match socket.receive()? {
        CanFrame::Classic(frame) => assert_eq!((frame.id(), frame.data()), (id, &[1, 2, 3][..])),
        CanFrame::Error(error) => println!("{:?}", error.classes()),
        other => println!("{other:?}"),
    }
    Ok(())
}
