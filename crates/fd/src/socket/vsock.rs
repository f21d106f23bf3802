//! Sockets between a virtual machine and its host: vsock(7).

use linux_support_base::{Error, Requirement};

use super::ContextId;

impl ContextId {
    /// The number of the machine that this runs on, as the others know it.
    ///
    /// # Errors
    /// The kernel has no vsock, or there is no `/dev/vsock`.
    #[doc(alias = "IOCTL_VM_SOCKETS_GET_LOCAL_CID")]
    pub fn own() -> Result<Self, Error> {
        const NEEDS: Requirement = Requirement::none().configuration("CONFIG_VSOCKETS");
        crate::sys::socket::own_context()
            .map(Self::new)
            .map_err(|errno| Error::system("ask", "/dev/vsock", errno).explained(NEEDS, None))
    }
}
