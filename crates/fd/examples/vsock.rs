//! A connection of a virtual machine to itself.

use linux_support_base::Error;
use linux_support_fd::socket::{Connection, ContextId, Socket, VsockAddress, VsockListener, VsockStream};

pub(crate) fn main() -> Result<(), Error> {
    // Its hypervisor reaches a virtual machine under this number, and the machine's own programs under another.
    match ContextId::own() {
        Ok(own) => println!("this machine is {own}"),
        Err(error) => println!("{error}"), // it is no virtual machine
    }
    let anywhere = VsockAddress::new(ContextId::LOCAL, VsockAddress::ANY_PORT);
    let connected = VsockListener::bind(&anywhere).and_then(|listener| {
        let stream = VsockStream::connect(&listener.local_address()?)?;
        Ok((listener, stream))
    });
    let (listener, stream) = match connected {
        Ok(connected) => connected,
        Err(error) => {
            println!("{error}"); // without vsock, or its way to the machine itself
            return Ok(());
        }
    };
    stream.send_all(b"hello")?;
    let (accepted, from) = listener.accept()?;
    let mut bytes = [0; 8];
    let length = accepted.receive(&mut bytes)?;
    assert_eq!((&bytes[..length], accepted.peer_address().ok()), (&b"hello"[..], from));
    Ok(())
}
