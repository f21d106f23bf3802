//! Where libraries of this kind went wrong: each trap a test that bears its name.

#[path = "traps/last_newline.rs"]
mod last_newline;
#[path = "traps/places.rs"]
mod places;
#[path = "traps/text.rs"]
mod text;

use std::{fs, path::Path};

/// Writes a file of a captured tree.
fn file(tree: &Path, path: &str, text: &str) {
    let path = tree.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}
