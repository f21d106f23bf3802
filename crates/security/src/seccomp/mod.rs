//! What a process may ask of the kernel: seccomp(2).
//!
//! A [`Policy`] says what happens to each [`SystemCall`], by name and by conditions on its arguments; it is compiled
//! to a [`Program`], which can be run here to see what it would say ([`Program::run`]), and put in force ([`Enforcement`]). With [`Action::Notify`], another process
//! answers in the kernel's place, over a [`Listener`]. A [`PolicyConfiguration`] is a policy as it is written down.

mod action;
mod compiler;
mod condition;
mod configuration;
mod enforcement;
mod group;
mod interpreter;
mod listener;
mod policy;
mod program;
mod set;
mod system_call;
mod table;
mod text;

pub use action::Action;
pub use condition::{ArgumentIndex, Comparison, Condition, Width};
pub use configuration::{PolicyConfiguration, RuleConfiguration};
pub use enforcement::{Enforcement, enter_strict_mode};
pub use group::SystemCallGroup;
pub use interpreter::{Call, Verdict};
pub use linux_support_base::signal::AuditArchitecture;
pub use listener::{Listener, Question};
pub use policy::Policy;
pub use program::{Instruction, LONGEST, Program};
pub use set::SystemCallSet;
pub use system_call::{NAMED_ARCHITECTURES, SystemCall, X32_BIT};
