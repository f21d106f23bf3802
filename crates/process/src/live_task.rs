use linux_support_base::{Error, Pid, Requirement, syscall::write_whole};
use rustix::fs::CWD;

use crate::{scheduling::SchedulingTarget, task::Task};

/// A thread of the running machine, to be changed: the calling one, or one that is held by a [`Task`].
///
/// The kernel takes a thread's number for most of this. A `LiveTask` makes sure that the one that it holds was there
/// before and still is after a call, so that the number was its own all the time; where it is not, the error is
/// [`Reason::Gone`](linux_support_base::Reason::Gone).
///
/// ```
/// use linux_support_process::{LiveTask, scheduling::Nice};
///
/// let thread = LiveTask::caller();
/// let before = thread.nice()?;
/// thread.set_nice(before)?;
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct LiveTask<'t, 'm>(Option<&'t Task<'m>>);

impl LiveTask<'static, 'static> {
    /// The calling thread.
    #[must_use]
    pub const fn caller() -> Self {
        Self(None)
    }
}

impl<'m> Task<'m> {
    /// This task, to be changed.
    ///
    /// # Errors
    /// Its machine was captured.
    pub fn as_live(&self) -> Result<LiveTask<'_, 'm>, Error> {
        self.machine().as_live()?;
        Ok(LiveTask(Some(self)))
    }
}

impl<'t, 'm> LiveTask<'t, 'm> {
    /// A task whose machine is known to be the one that runs.
    pub(crate) const fn of_live(task: &'t Task<'m>) -> Self {
        Self(Some(task))
    }

    /// The task that is held; `None` for the calling thread.
    #[must_use]
    pub fn task(self) -> Option<&'t Task<'m>> {
        self.0
    }

    /// Calls the kernel with the thread's number, or 0 for the calling one.
    pub(crate) fn call<T>(self, call: impl FnOnce(i32) -> Result<T, Error>) -> Result<T, Error> {
        let Some(task) = self.0 else { return call(0) };
        task.ensure_alive()?;
        let outcome = call(task.pid().number())?;
        task.ensure_alive()?;
        Ok(outcome)
    }

    /// As [`call`](Self::call), for what takes a [`SchedulingTarget`].
    pub(crate) fn with<T>(self, call: impl FnOnce(SchedulingTarget) -> Result<T, Error>) -> Result<T, Error> {
        self.call(|number| {
            call(Pid::new(number).map_or(SchedulingTarget::CallingThread, SchedulingTarget::Thread))
        })
    }

    /// What an error about it names.
    pub(crate) fn name(self) -> String {
        self.0.map_or_else(|| "the calling thread".into(), |task| format!("thread {}", task.pid()))
    }

    /// Writes `text` to the file `name` of its directory, in one call. Some files are there for processes only: of these,
    /// the calling thread's is in the directory `self`, not `thread-self`.
    pub(crate) fn write(self, own: &str, name: &str, text: &[u8], needs: Requirement) -> Result<(), Error> {
        match self.0 {
            None => {
                let file = format!("/proc/{own}/{name}");
                write_whole(CWD, file.as_bytes(), text)
                    .map_err(|errno| Error::system("write", file, errno).explained(needs, None))
            }
            Some(task) => {
                let written = task.directory().as_live()?.write(name, text);
                written.map_err(|error| task.explain(error, needs))
            }
        }
    }
}
