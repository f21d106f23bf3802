use super::{CPU, NODE};
use crate::{
    Cpu, NumaNode,
    sys::current::{self as sys, Chosen},
};

/// A way to find out on which CPU and node a thread runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Way {
    /// One load from the area for restartable sequences that the C library registered for the thread.
    ///
    /// # Kernel
    /// Since 4.18; the node since 6.3. glibc since 2.35 registers it, musl does not.
    #[doc(alias = "rseq")]
    RestartableSequence,
    /// The instruction RDPID, on x86_64 processors that have it.
    Rdpid,
    /// The limit of a segment that the kernel keeps on each CPU for this, on x86_64.
    #[doc(alias = "LSL")]
    SegmentLimit,
    /// The instruction RDTSCP, on x86_64 processors that have it.
    Rdtscp,
    /// The function `getcpu` that the kernel puts into every program's memory, on x86_64, riscv64, powerpc64 and s390x;
    /// for the CPU alone.
    Vdso,
    /// The system call getcpu(2).
    SystemCall,
}

impl Way {
    /// All of them, the fastest first.
    pub const ALL: [Self; 6] = [
        Self::RestartableSequence,
        Self::Rdpid,
        Self::SegmentLimit,
        Self::Rdtscp,
        Self::Vdso,
        Self::SystemCall,
    ];

    /// The way in which [`Cpu::current`] finds the CPU on this machine.
    #[must_use]
    pub fn of_cpu() -> Self {
        match CPU.get() {
            Some(chosen) => Self::of(chosen),
            None => choose_for_cpu(),
        }
    }

    /// The way in which [`NumaNode::current`] finds the node on this machine.
    #[must_use]
    pub fn of_node() -> Self {
        match NODE.get() {
            Some(chosen) => Self::of(chosen),
            None => choose_for_node(),
        }
    }

    fn of(chosen: Chosen) -> Self {
        match chosen {
            Chosen::Sequence(_) => Self::RestartableSequence,
            #[cfg(target_arch = "x86_64")]
            Chosen::Rdpid(_) => Self::Rdpid,
            #[cfg(target_arch = "x86_64")]
            Chosen::Segment(_) => Self::SegmentLimit,
            #[cfg(target_arch = "x86_64")]
            Chosen::Rdtscp(_) => Self::Rdtscp,
            Chosen::Other(index) => Self::ALL.get(usize::from(index)).copied().unwrap_or(Self::SystemCall),
        }
    }

    /// The CPU that the calling thread is on, found in this way; `None` where the machine does not have it.
    ///
    /// It is looked anew whether the machine has it, so this is for comparing: [`Cpu::current`] is what is fast.
    #[must_use]
    pub fn cpu(self) -> Option<Cpu> {
        match self {
            Self::RestartableSequence => Cpu::new(sys::sequence_fields()?.0.read()),
            #[cfg(any(
                target_arch = "x86_64",
                target_arch = "riscv64",
                target_arch = "powerpc64",
                target_arch = "s390x",
            ))]
            Self::Vdso => Cpu::new(u32::try_from(rustix::thread::sched_getcpu()).ok()?),
            _ => Cpu::new(self.numbers()?.0),
        }
    }

    /// The node of the CPU that the calling thread is on, found in this way; `None` where the machine does not have it.
    #[must_use]
    pub fn node(self) -> Option<NumaNode> {
        match self {
            // Where the area is not registered, the node is 0 and the CPU is none.
            Self::RestartableSequence => {
                let (cpu, node) = sys::sequence_fields()?;
                let node = node?.read();
                Cpu::new(cpu.read())?;
                NumaNode::new(node)
            }
            _ => NumaNode::new(self.numbers()?.1),
        }
    }

    /// Both, where this way tells both.
    fn numbers(self) -> Option<sys::Numbers> {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Rdpid => Some(sys::Rdpid::new()?.read()),
            #[cfg(target_arch = "x86_64")]
            Self::SegmentLimit => sys::Segment::new()?.read(),
            #[cfg(target_arch = "x86_64")]
            Self::Rdtscp => Some(sys::Rdtscp::new()?.read()),
            Self::SystemCall => sys::system_call(),
            _ => None,
        }
    }
}

/// The first way that gives what the kernel says. One that gives something else is not to be believed: under another
/// kernel's emulation the registers are still those of the machine beneath.
fn fastest<T: PartialEq>(find: impl Fn(Way) -> Option<T>) -> Way {
    let agrees = |way: Way| {
        // The thread may be moved between two questions, but not always.
        (0..8).any(|_| match (find(way), find(Way::SystemCall)) {
            (Some(told), Some(asked)) => told == asked,
            (told, _) => told.is_some(),
        })
    };
    Way::ALL.into_iter().find(|way| agrees(*way)).unwrap_or(Way::SystemCall)
}

fn choose_for_cpu() -> Way {
    let way = fastest(Way::cpu);
    CPU.set(match (way, sys::sequence_fields()) {
        (Way::RestartableSequence, Some((field, _))) => Chosen::Sequence(field),
        (way, _) => chosen_without_area(way),
    });
    way
}

fn choose_for_node() -> Way {
    let way = fastest(Way::node);
    NODE.set(match (way, sys::sequence_fields()) {
        (Way::RestartableSequence, Some((_, Some(field)))) => Chosen::Sequence(field),
        (way, _) => chosen_without_area(way),
    });
    way
}

fn chosen_without_area(way: Way) -> Chosen {
    let index = || Way::ALL.iter().position(|one| *one == way).map_or(u16::MAX, |index| index as u16);
    instruction(way).unwrap_or_else(|| Chosen::Other(index()))
}

/// The instruction that this way is, where it is one that the processor has.
#[cfg(target_arch = "x86_64")]
fn instruction(way: Way) -> Option<Chosen> {
    match way {
        Way::Rdpid => sys::Rdpid::new().map(Chosen::Rdpid),
        Way::SegmentLimit => sys::Segment::new().map(Chosen::Segment),
        Way::Rdtscp => sys::Rdtscp::new().map(Chosen::Rdtscp),
        _ => None,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn instruction(_: Way) -> Option<Chosen> {
    None
}

/// Both numbers, where one of the slower instructions was chosen: the processor is not asked again whether it has it,
/// which takes long in a virtual machine.
#[cfg(target_arch = "x86_64")]
fn by_instruction(chosen: Option<Chosen>) -> Option<sys::Numbers> {
    match chosen? {
        Chosen::Segment(segment) => segment.read(),
        Chosen::Rdtscp(rdtscp) => Some(rdtscp.read()),
        _ => None,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn by_instruction(_: Option<Chosen>) -> Option<sys::Numbers> {
    None
}

/// The CPU, where nothing was chosen yet, where what was chosen takes a call, or where this thread has no area.
#[cold]
pub(super) fn other_cpu() -> Cpu {
    by_instruction(CPU.get())
        .and_then(|numbers| Cpu::new(numbers.0))
        .or_else(|| Way::of_cpu().cpu())
        .or_else(|| Way::SystemCall.cpu())
        .unwrap_or(const { Cpu::new(0).unwrap() })
}

/// The node, as [`other_cpu`] does it.
#[cold]
pub(super) fn other_node() -> NumaNode {
    by_instruction(NODE.get())
        .and_then(|numbers| NumaNode::new(numbers.1))
        .or_else(|| Way::of_node().node())
        .or_else(|| Way::SystemCall.node())
        .unwrap_or(const { NumaNode::new(0).unwrap() })
}
