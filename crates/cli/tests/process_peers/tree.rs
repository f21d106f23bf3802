use std::{fs, process::Command};

use libtest_mimic::Failed;

use crate::{
    agree,
    common::{inspect, peer},
    started::Started,
};

/// Each starts the next, and a sibling of that on every third step; all end when the input does.
const SCRIPT: &str = r#"
exec 3<&0
if [ "$1" -gt 0 ]; then
    sh "$0" $(($1 - 1)) <&3 &
    [ $(($1 % 3)) -eq 0 ] && sh "$0" none <&3 &
elif [ "$1" != none ]; then
    echo ready
fi 2>/dev/null
read end <&3
"#;

/// How deep the tree is.
const DEPTH: usize = 24;

pub(crate) fn of_pstree() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("deep");
    fs::write(&script, SCRIPT)?;
    let root = Started::ready(Command::new("sh").arg(&script).arg(DEPTH.to_string()))?;
    let pid = root.pid().to_string();
    let (ours, theirs) = settled(&pid)?;
    let deepest = ours.iter().map(|(_, depth)| *depth).max();
    agree("depth", deepest, Some(DEPTH))?;
    if ours.len() <= DEPTH + 4 {
        return Err(format!("no siblings: {ours:?}").into());
    }
    agree("the tree", ours.iter().map(|(pid, _)| *pid).collect::<Vec<_>>(), theirs)
}

type Tree = Vec<(u64, usize)>;

/// The tree below a process and that of `pstree`, once two readings are the same.
fn settled(pid: &str) -> Result<(Tree, Vec<u64>), Failed> {
    for _ in 0..50 {
        let before = below(pid)?;
        let theirs = peer("pstree", &["-A", "-c", "-l", "-n", "-p", "-T", pid]).ok_or("pstree failed")?;
        let theirs =
            theirs.split('(').skip(1).filter_map(|part| part.split(')').next()?.parse().ok()).collect();
        if before == below(pid)? && before.len() > DEPTH {
            return Ok((before, theirs));
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    Err("the tree does not come to rest".into())
}

fn below(pid: &str) -> Result<Tree, Failed> {
    let tree = inspect(&["tree"]);
    let all = tree.as_array().ok_or("no tree")?.iter().map(|process| {
        let number = |key: &str| process[key].as_u64().unwrap_or_default();
        (number("pid"), number("depth") as usize)
    });
    let mut rest = all.skip_while(|(number, _)| number.to_string() != pid);
    let (root, top) = rest.next().ok_or("it is not in the tree")?;
    let below = rest.take_while(|(_, depth)| *depth > top).map(|(pid, depth)| (pid, depth - top));
    Ok(std::iter::once((root, 0)).chain(below).collect())
}
