use core::marker::PhantomData;

use linux_support_base::Error;

use crate::{Personality, sys};

/// The personality of the calling thread.
///
/// # Errors
/// None is known.
pub fn personality() -> Result<Personality, Error> {
    sys::control::personality(None)
        .map(Personality::from_bits)
        .map_err(|errno| Error::system("read", "the personality", errno))
}

/// Sets the personality of the calling thread, of those that it starts from now on and of the programs that they run, and
/// gives the one before.
///
/// Most of it shows only in a program that is run afterwards: where its stack and mappings begin, whether what it may
/// read it may execute.
///
/// # Errors
/// The architecture does not have it.
#[doc(alias = "setarch")]
pub fn set_personality(personality: Personality) -> Result<Personality, Error> {
    let object = || format!("the personality {personality}");
    if personality.bits() == u32::MAX {
        return Err(Error::invalid("set", object(), "the kernel takes it for a question"));
    }
    sys::control::personality(Some(personality.bits()))
        .map(Personality::from_bits)
        .map_err(|errno| Error::system("set", object(), errno))
}

/// A personality of the calling thread, until it is dropped: then the one before it is back.
#[derive(Debug)]
#[must_use = "the personality ends when this is dropped"]
pub struct TemporaryPersonality {
    before: Personality,
    /// It belongs to the thread.
    thread: PhantomData<*const ()>,
}

impl TemporaryPersonality {
    /// Sets the personality of the calling thread.
    ///
    /// # Errors
    /// As for [`set_personality`].
    pub fn set(personality: Personality) -> Result<Self, Error> {
        set_personality(personality).map(|before| Self { before, thread: PhantomData })
    }

    /// The one that is to come back.
    #[must_use]
    pub const fn before(&self) -> Personality {
        self.before
    }
}

impl Drop for TemporaryPersonality {
    fn drop(&mut self) {
        let _ = set_personality(self.before);
    }
}
