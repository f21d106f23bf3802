use core::fmt;

macro_rules! keys {
    ($($(#[$doc:meta])* $key:ident = $number:literal, $alias:literal;)*) => {
        /// What an entry of the auxiliary vector is about.
        ///
        /// # Source
        /// getauxval(3); include/uapi/linux/auxvec.h. The numbers of the caches and of cache blocks are those of
        /// PowerPC and RISC-V.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum AuxiliaryKey {
            $($(#[$doc])* #[doc(alias = $alias)] $key,)*
            /// Another, by the kernel's number.
            Unknown(u64),
        }

        impl AuxiliaryKey {
            /// The key of this number.
            #[must_use]
            pub const fn of_number(number: u64) -> Self {
                match number {
                    $($number => Self::$key,)*
                    number => Self::Unknown(number),
                }
            }

            /// The kernel's number.
            #[must_use]
            pub const fn number(self) -> u64 {
                match self {
                    $(Self::$key => $number,)*
                    Self::Unknown(number) => number,
                }
            }

            /// The kernel's name, such as `AT_PHDR`; `None` for a key that is not known here.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$key => Some($alias),)*
                    Self::Unknown(_) => None,
                }
            }
        }
    };
}

keys! {
    /// Nothing.
    Ignore = 1, "AT_IGNORE";
    /// A descriptor of the program.
    ProgramDescriptor = 2, "AT_EXECFD";
    /// The address of the program's headers.
    ProgramHeaders = 3, "AT_PHDR";
    /// How long one of these is.
    ProgramHeaderSize = 4, "AT_PHENT";
    /// How many there are.
    ProgramHeaderCount = 5, "AT_PHNUM";
    /// How large a page is.
    PageSize = 6, "AT_PAGESZ";
    /// Where the interpreter (`ld.so`) lies; 0 for programs without.
    InterpreterBase = 7, "AT_BASE";
    /// Flags; 1 where `binfmt_misc` kept `argv[0]`.
    Flags = 8, "AT_FLAGS";
    /// Where the program begins.
    Entry = 9, "AT_ENTRY";
    /// Whether the program is no ELF file.
    NotElf = 10, "AT_NOTELF";
    /// The real user.
    User = 11, "AT_UID";
    /// The effective user.
    EffectiveUser = 12, "AT_EUID";
    /// The real group.
    Group = 13, "AT_GID";
    /// The effective group.
    EffectiveGroup = 14, "AT_EGID";
    /// The address of a string that names the kind of processor.
    Platform = 15, "AT_PLATFORM";
    /// What the processor has, as bits.
    HardwareCapabilities = 16, "AT_HWCAP";
    /// How many clock ticks `times(2)` counts in a second.
    ClockTicks = 17, "AT_CLKTCK";
    /// The control word of the floating-point unit.
    FloatingPointControl = 18, "AT_FPUCW";
    /// The block size of the data cache.
    DataCacheBlock = 19, "AT_DCACHEBSIZE";
    /// The block size of the instruction cache.
    InstructionCacheBlock = 20, "AT_ICACHEBSIZE";
    /// The block size of a cache for both.
    UnifiedCacheBlock = 21, "AT_UCACHEBSIZE";
    /// Nothing, on PowerPC.
    IgnorePowerPc = 22, "AT_IGNOREPPC";
    /// Whether the program got privileges by being started.
    Secure = 23, "AT_SECURE";
    /// The address of a string that names the processor itself.
    BasePlatform = 24, "AT_BASE_PLATFORM";
    /// The address of 16 random bytes.
    Random = 25, "AT_RANDOM";
    /// More of what the processor has, as bits.
    HardwareCapabilities2 = 26, "AT_HWCAP2";
    /// How long the kernel's part of `struct rseq` is.
    RestartableSequenceSize = 27, "AT_RSEQ_FEATURE_SIZE";
    /// How `struct rseq` is aligned.
    RestartableSequenceAlignment = 28, "AT_RSEQ_ALIGN";
    /// More of what the processor has, as bits.
    HardwareCapabilities3 = 29, "AT_HWCAP3";
    /// More of what the processor has, as bits.
    HardwareCapabilities4 = 30, "AT_HWCAP4";
    /// The address of the program's path.
    ProgramPath = 31, "AT_EXECFN";
    /// The address of the function that calls the kernel; on x86 with 32 bits.
    SystemCallEntry = 32, "AT_SYSINFO";
    /// The address of the kernel's own library, the vDSO.
    KernelLibrary = 33, "AT_SYSINFO_EHDR";
    /// The shape of the first instruction cache.
    Level1InstructionCacheShape = 34, "AT_L1I_CACHESHAPE";
    /// The shape of the first data cache.
    Level1DataCacheShape = 35, "AT_L1D_CACHESHAPE";
    /// The shape of the second cache.
    Level2CacheShape = 36, "AT_L2_CACHESHAPE";
    /// The shape of the third cache.
    Level3CacheShape = 37, "AT_L3_CACHESHAPE";
    /// The size of the first instruction cache.
    Level1InstructionCacheSize = 40, "AT_L1I_CACHESIZE";
    /// The line size (low 16 bits) and the ways (high 16 bits) of the first instruction cache.
    Level1InstructionCacheGeometry = 41, "AT_L1I_CACHEGEOMETRY";
    /// The size of the first data cache.
    Level1DataCacheSize = 42, "AT_L1D_CACHESIZE";
    /// The line size and the ways of the first data cache.
    Level1DataCacheGeometry = 43, "AT_L1D_CACHEGEOMETRY";
    /// The size of the second cache.
    Level2CacheSize = 44, "AT_L2_CACHESIZE";
    /// The line size and the ways of the second cache.
    Level2CacheGeometry = 45, "AT_L2_CACHEGEOMETRY";
    /// The size of the third cache.
    Level3CacheSize = 46, "AT_L3_CACHESIZE";
    /// The line size and the ways of the third cache.
    Level3CacheGeometry = 47, "AT_L3_CACHEGEOMETRY";
    /// The least size of an alternate signal stack.
    SignalStackMinimum = 51, "AT_MINSIGSTKSZ";
}

impl fmt::Display for AuxiliaryKey {
    /// The kernel's name, or the number of a key that is not known here.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => self.number().fmt(f),
        }
    }
}
