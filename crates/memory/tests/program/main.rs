//! A program's own text, constants and variables on huge pages. Each test runs this program again, and what it does there
//! is done before anything else, while the process has one thread.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[allow(unsafe_code)]
mod large;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod moved;

use libtest_mimic::Arguments;

fn main() {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    let trials = match moved::in_child() {
        Some(answer) => return answer,
        None => moved::trials(),
    };
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let trials: Vec<libtest_mimic::Trial> = Vec::new();
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}
