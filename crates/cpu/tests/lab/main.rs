//! CPUs of the lab's machines.

mod any;
mod numa;
