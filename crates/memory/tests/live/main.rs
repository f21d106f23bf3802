//! Memory of the machine that runs.
//!
//! What needs a machine of its own is in modules `lab::…`, for `cargo xtask lab`.

mod huge_page;
mod mapping;
mod numa;
mod page_map;
#[allow(unsafe_code)]
mod poison;
#[allow(unsafe_code)]
mod reach;
#[allow(unsafe_code)]
mod system_v;
mod virtual_memory;
mod whole_machine;
