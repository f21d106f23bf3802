//! Pipes, queues and terminals where there is no descriptor left.

use std::{fs::File, process::Command};

use linux_support_base::{Bytes, Errno, Error, Reason};
use linux_support_fd::{
    MessageQueue, MessageQueueName, MessageQueueOptions, PipeReader, PipeWriter, PseudoTerminal, Splicer,
    Terminal, make_fifo, packet_pipe, pipe,
};

use crate::{
    exhaustion::exhausted,
    open::{Open, open},
};

#[test]
fn pipes_queues_and_terminals_say_that_there_is_no_descriptor_left() {
    let _open = Open::watched();
    let folder = tempfile::tempdir().unwrap();
    let directory = File::open(folder.path()).unwrap();
    make_fifo(&directory, "fifo", 0o600).unwrap();
    let (reader, writer) = pipe().unwrap();
    let controller = PseudoTerminal::open().unwrap();
    let terminal = controller.peer().unwrap();
    let name = format!("/linux-support-{}-exhausted", std::process::id());
    let name = MessageQueueName::new(name).unwrap();
    let options = MessageQueueOptions::new().create().capacity(1).message_size(Bytes::new(1));
    let queue: MessageQueue = options.clone().unlink_on_drop().open(&name).unwrap();

    let before = open();
    let errors: Vec<(&str, Option<Error>)> = exhausted(|| {
        vec![
            ("pipe", pipe().err()),
            ("packet pipe", packet_pipe().err()),
            ("clone of a reader", reader.try_clone().err()),
            ("clone of a writer", writer.try_clone().err()),
            ("pipe again", PipeReader::reopen(&reader).err()),
            ("reader of a FIFO", PipeReader::open_fifo(&directory, "fifo").err()),
            ("writer of a FIFO", PipeWriter::open_fifo_before_readers(&directory, "fifo").err()),
            ("splicer", Splicer::new().err()),
            ("queue", options.open::<linux_support_fd::Sending>(&name).err()),
            ("clone of a queue", queue.try_clone().err()),
            ("pseudo-terminal", PseudoTerminal::open().err()),
            ("other side", controller.peer().err()),
            ("clone of a controller", controller.try_clone().err()),
            ("terminal again", Terminal::of(&terminal).err()),
            ("clone of a terminal", terminal.try_clone().err()),
            ("child", terminal.attach(&mut Command::new("true")).err()),
        ]
    });
    for (kind, error) in errors {
        let error = error.unwrap_or_else(|| panic!("{kind} was made"));
        assert_eq!(error.reason(), &Reason::System(Errno::MFILE), "{kind}: {error}");
    }
    assert_eq!(open(), before);
}
