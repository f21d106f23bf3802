use proptest::prelude::*;

use super::*;

const X86: &[u8] = b"processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 167\n\
model name\t: Intel(R) Xeon(R) Processor\nstepping\t: 1\nmicrocode\t: 0x1\ncpu MHz\t\t: 2599.998\n\
cache size\t: 491520 KB\nphysical id\t: 0\nsiblings\t: 2\ncore id\t\t: 0\ncpu cores\t: 2\napicid\t\t: 0\n\
initial apicid\t: 0\nfpu\t\t: yes\ncpuid level\t: 36\nwp\t\t: yes\nflags\t\t: fpu vme hypervisor\n\
bugs\t\t: spectre_v1 its\nbogomips\t: 5199.99\nclflush size\t: 64\ncache_alignment\t: 64\n\
address sizes\t: 48 bits physical, 57 bits virtual\npower management:\n\n";

fn two_cpus() -> Vec<u8> {
    let second = String::from_utf8(X86.to_vec()).unwrap();
    let second = second
        .replace("processor\t: 0", "processor\t: 1")
        .replace("core id\t\t: 0", "core id\t\t: 1")
        .replace("2599.998", "1200.000");
    [X86, second.as_bytes()].concat()
}

fn numbers(info: &CpuInfo) -> Vec<u32> {
    info.processors.iter().map(|processor| processor.cpu.number()).collect()
}

#[test]
fn processors_that_are_alike_share_their_model() {
    let info = CpuInfo::parse(&two_cpus()).unwrap();
    assert_eq!(numbers(&info), [0, 1]);
    let [model] = &info.models[..] else { panic!("{info:?}") };
    assert_eq!(model.cpus.to_string(), "0-1");
    assert_eq!(model.name, Some("Intel(R) Xeon(R) Processor".into()));
    assert_eq!(model.features.iter().count(), 3);
    let others: Vec<_> = model.other.iter().collect();
    assert_eq!(others, [(&b"fpu"[..], &b"yes"[..]), (b"wp", b"yes")]);
    let Identity::X86(x86) = &model.identity else { panic!("{model:?}") };
    assert_eq!((x86.cpu_family, x86.model, x86.stepping), (Some(6), Some(167), Some(1)));
    assert_eq!((x86.microcode, x86.cpuid_level), (Some(1), Some(36)));
    assert_eq!((x86.physical_address_bits, x86.virtual_address_bits), (Some(48), Some(57)));
    assert_eq!(x86.cache_size.unwrap().kib(), 491_520);
    assert!(x86.bugs.as_ref().unwrap().contains("its"));
    assert!(x86.power_management.as_ref().unwrap().is_empty());
    let second = &info.processors[1];
    assert_eq!((second.package, second.core, second.apic), (Some(0), Some(1), Some(0)));
    assert_eq!(second.frequency.unwrap().kilohertz(), 1_200_000);
    assert_eq!(second.bogomips.unwrap().to_string(), "5199.99");
    assert!(info.has_feature("hypervisor") && !info.has_feature("vmx"));
}

#[test]
fn a_last_newline_changes_nothing() {
    let text = two_cpus();
    let whole = CpuInfo::parse(&text).unwrap();
    assert_eq!(CpuInfo::parse(&text[..text.len() - 1]).unwrap(), whole);
    assert_eq!(CpuInfo::parse(&text[..text.len() - 2]).unwrap(), whole);
    assert_eq!(CpuInfo::parse(b"").unwrap(), CpuInfo::default());
}

#[test]
fn a_line_that_differs_makes_another_model_and_a_return_finds_the_first() {
    let text = String::from_utf8(X86.to_vec()).unwrap();
    let other = text.replace("microcode\t: 0x1", "microcode\t: 0x2");
    let shorter = text.replace("power management:\n", "");
    let records = [&text, &other, &text, &shorter, &text];
    let numbered: Vec<_> = records
        .iter()
        .enumerate()
        .map(|(n, record)| record.replace("processor\t: 0", &format!("processor\t: {n}")))
        .collect();
    let info = CpuInfo::parse(numbered.concat().as_bytes()).unwrap();
    let cpus: Vec<_> = info.models.iter().map(|model| model.cpus.to_string()).collect();
    assert_eq!(cpus, ["0,2,4", "1", "3"]);
}

#[test]
fn what_the_kernel_does_not_know_is_none() {
    let text =
        b"processor : 0\ncpu family : 6\nstepping : unknown\ncpu MHz : Unknown\nmicrocode :\ncore id : -1\n";
    let info = CpuInfo::parse(text).unwrap();
    let Identity::X86(x86) = &info.models[0].identity else { panic!("{info:?}") };
    assert_eq!((x86.stepping, x86.microcode), (None, None));
    assert_eq!((info.processors[0].frequency, info.processors[0].core), (None, None));
}

#[test]
fn a_malformed_field_is_an_error_with_its_line() {
    let error = CpuInfo::parse(b"processor\t: 0\ncpu family\t: six\n").unwrap_err();
    assert_eq!(error.to_string(), r#"line 2: cpu family "six": expected a number at byte 13"#);
    let error = CpuInfo::parse(b"processor\t: 0\ncpu MHz\t\t: fast\n").unwrap_err();
    assert_eq!(error.to_string(), r#"line 2: cpu MHz "fast": expected a number at byte 11"#);
    assert!(CpuInfo::parse(b"processor\t: 70000\n").is_err());
}

#[test]
fn lines_about_all_arm_processors_are_given_to_each() {
    let text = b"Processor\t: ARMv7 Processor rev 1 (v7l)\nprocessor\t: 0\nBogoMIPS\t: 48.00\n\n\
        processor\t: 1\nBogoMIPS\t: 48.00\n\nFeatures\t: half neon \nCPU implementer\t: 0x41\n\
        CPU architecture: 7\nCPU variant\t: 0x0\nCPU part\t: 0xc07\nCPU revision\t: 1\n\nHardware\t: A board\n";
    let info = CpuInfo::parse(text).unwrap();
    assert_eq!(numbers(&info), [0, 1]);
    let [model] = &info.models[..] else { panic!("{info:?}") };
    assert_eq!(model.name, Some("ARMv7 Processor rev 1 (v7l)".into()));
    assert!(model.features.contains("neon"));
    let Identity::Arm(arm) = &model.identity else { panic!("{model:?}") };
    assert_eq!((arm.implementer_name, arm.part_name), (Some("ARM"), Some("Cortex-A7")));
    assert_eq!(arm.midr(), Some(0x410f_c071));
    assert_eq!(info.machine.get("Hardware"), Some(&b"A board"[..]));
}

#[test]
fn processor_lines_one_after_another_share_what_follows() {
    let text = b"processor\t: 0\nprocessor\t: 1\nFeatures\t: fp\nCPU implementer\t: 0xc0\nCPU architecture: AArch64\n";
    let info = CpuInfo::parse(text).unwrap();
    let [model] = &info.models[..] else { panic!("{info:?}") };
    assert_eq!(model.cpus.to_string(), "0-1");
}

#[test]
fn unlike_arm_cores_are_models_of_their_own() {
    let record = |cpu: u32, part: &str| {
        format!("processor\t: {cpu}\nFeatures\t: fp\nCPU implementer\t: 0x51\nCPU part\t: {part}\n\n")
    };
    let text = [record(0, "0x801"), record(1, "0x800"), record(2, "0x801")].concat();
    let info = CpuInfo::parse(text.as_bytes()).unwrap();
    let cpus: Vec<_> = info.models.iter().map(|model| model.cpus.to_string()).collect();
    assert_eq!(cpus, ["0,2", "1"]);
}

#[test]
fn s390_has_a_head_and_two_records_for_each_processor() {
    let text = b"vendor_id       : IBM/S390\n# processors    : 2\nbogomips per cpu: 3241.00\nfeatures\t: esan3 zarch \n\
        processor 0: version = FF,  identification = 012345,  machine = 8561\n\
        processor 1: version = FF,  identification = 012345,  machine = 8561\n\n\
        cpu number      : 0\ncpu MHz dynamic : 5200\ncpu MHz static  : 5200\n\n\
        cpu number      : 1\nbook id         : 2\nversion         : FF\ncpu MHz dynamic : 4000\n";
    let info = CpuInfo::parse(text).unwrap();
    assert_eq!(numbers(&info), [0, 1]);
    let [model] = &info.models[..] else { panic!("{info:?}") };
    let Identity::S390(s390) = &model.identity else { panic!("{model:?}") };
    assert_eq!((&s390.machine, &s390.vendor), (&Some("8561".into()), &Some("IBM/S390".into())));
    assert!(model.features.contains("zarch"));
    assert_eq!(info.processors[1].frequency.unwrap().megahertz(), 4000);
    assert_eq!(info.processors[1].book, Some(2));
    assert_eq!(info.processors[0].other.get("cpu MHz static"), Some(&b"5200"[..]));
}

#[test]
fn a_second_record_without_fields_keeps_no_other_processor_from_its_model() {
    let text = b"processor 0: machine = b\n\ncpu number: 0\nprocessor\t: 1\n";
    let info = CpuInfo::parse(text).unwrap();
    assert_eq!(numbers(&info), [0, 1]);
    assert!(info.processors.iter().all(|processor| info.model(processor.cpu).is_some()));
}

#[test]
fn riscv_power_and_loongarch_are_known_by_their_own_fields() {
    let text =
        b"processor\t: 0\nhart\t\t: 3\nisa\t\t: rv64imafdc_zbb\nmmu\t\t: sv39\nuarch\t\t: thead,c906\n\
        mvendorid\t: 0x5b7\nmarchid\t\t: 0x8000000000000001\n";
    let info = CpuInfo::parse(text).unwrap();
    let Identity::Riscv(riscv) = &info.models[0].identity else { panic!("{info:?}") };
    assert_eq!((riscv.marchid, info.processors[0].hart), (Some(0x8000_0000_0000_0001), Some(3)));
    assert_eq!(info.models[0].name, Some("thead,c906".into()));

    let text = b"processor\t: 0\ncpu\t\t: POWER8 (raw), altivec supported\nclock\t\t: 3026.000000MHz\n\
        revision\t: 2.0 (pvr 004d 0200)\n\ntimebase\t: 512000000\n";
    let info = CpuInfo::parse(text).unwrap();
    let Identity::Power(power) = &info.models[0].identity else { panic!("{info:?}") };
    assert_eq!(power.processor_version, Some(0x004d_0200));
    assert_eq!(info.processors[0].frequency.unwrap().megahertz(), 3026);
    assert_eq!(info.machine.get("timebase"), Some(&b"512000000"[..]));

    let text = b"system type\t\t: generic\n\nprocessor\t\t: 0\npackage\t\t\t: 0\ncore\t\t\t: 1\n\
        CPU Family\t\t: Loongson-64bit\nModel Name\t\t: Loongson-3A6000\nCPU Revision\t\t: 0x10\n";
    let info = CpuInfo::parse(text).unwrap();
    assert!(matches!(&info.models[0].identity, Identity::Loongarch(found) if found.revision == Some(0x10)));
    assert_eq!(info.processors[0].core, Some(1));
}

#[test]
fn a_file_without_processors_describes_those_that_it_names_or_one() {
    let sparc = b"cpu\t\t: TI UltraSparc IIi (Sabre)\ntype\t\t: sun4u\nCPU2:\t\tonline\nCPU5:\t\tonline\n";
    let info = CpuInfo::parse(sparc).unwrap();
    assert_eq!(numbers(&info), [2, 5]);
    assert_eq!(info.models[0].name, Some("TI UltraSparc IIi (Sabre)".into()));
    let power = b"cpu\t\t: 740/750\nclock\t\t: 300MHz\nrevision\t: 2.2 (pvr 0008 0202)\nbogomips\t: 599.04\n";
    let info = CpuInfo::parse(power).unwrap();
    assert_eq!(numbers(&info), [0]);
    assert_eq!(info.processors[0].frequency.unwrap().megahertz(), 300);
    let alpha = b"cpu\t\t\t: Alpha\ncpus active\t\t: 2\ncpu active mask\t\t: 0000000000000005\n";
    assert_eq!(numbers(&CpuInfo::parse(alpha).unwrap()), [0, 2]);
}

#[test]
fn ia64_and_mips_keep_what_there_is_no_type_for() {
    let text = b"processor  : 3\nvendor     : GenuineIntel\nfamily     : Itanium 2\nfeatures   : branchlong, 16-byte atomic ops\n\
        cpu number : 0\ncpu MHz    : 1600.000010\nphysical id: 1\ncore id    : 0\nthread id  : 0\n\n";
    let info = CpuInfo::parse(text).unwrap();
    assert_eq!(numbers(&info), [3]);
    assert!(info.models[0].features.contains("16-byte atomic ops"));
    assert_eq!(info.models[0].other.get("family"), Some(&b"Itanium 2"[..]));
    let processor = &info.processors[0];
    assert_eq!((processor.package, processor.frequency.unwrap().kilohertz()), (Some(1), 1_600_000));
    assert_eq!(processor.other.get("thread id"), Some(&b"0"[..]));

    let text = b"system type\t\t: MIPS Malta\nprocessor\t\t: 0\ncpu model\t\t: MIPS 24Kc V0.0\nBogoMIPS\t\t: 850.94\n\n";
    let info = CpuInfo::parse(text).unwrap();
    assert_eq!(info.models[0].name, Some("MIPS 24Kc V0.0".into()));
    assert_eq!(info.machine.get("system type"), Some(&b"MIPS Malta"[..]));
}

#[test]
fn lines_may_end_as_those_of_dos_do() {
    let info = CpuInfo::parse(
        b"processor : 0\r\nCPU implementer : 0x41\r\n\r\nprocessor : 1\r\nCPU implementer : 0x41\r\n",
    )
    .unwrap();
    assert_eq!((numbers(&info).len(), info.models.len()), (2, 1));
}

#[test]
fn that_of_this_machine_is_read() {
    let machine = Machine::live().unwrap();
    let info = CpuInfo::read(&machine).unwrap();
    let text = machine.read("/proc/cpuinfo").unwrap();
    assert_eq!(
        records(&text).filter(|record| record.as_ref().unwrap().cpu.is_some()).count(),
        info.processors.len()
    );
}

proptest! {
    #[test]
    fn no_value_makes_its_type_panic(bytes: Vec<u8>, text in "[-rv0-9a-z_, ]{0,16}", name in "[a-z ,]{0,3}") {
        for value in [&bytes[..], text.as_bytes()] {
            let features = FeatureSet::parse(value);
            prop_assert_eq!(features.contains(&name), features.iter().any(|feature| feature == name.as_bytes()));
            let isa = RiscvIsa::parse(value);
            let _ = (isa.bits(), isa.contains(&name), field::identity(value));
        }
    }

    #[test]
    fn nothing_panics_and_each_cpu_has_one_model(
        text in "(processor\t: [0-3]\n|processor [0-9]: machine = b, c\n|cpu number: [0-3]\n|cpu MHz : [0-9]\n|flags : a b\n|isa : rv\n|cpu family : 6\n|revision : (pvr 1)\n|CPU[0-9] : online\n|a:b\n|\n|z\n|:\n){0,16}",
        bytes: Vec<u8>,
        cut in 0..X86.len(),
    ) {
        let _ = (CpuInfo::parse(&bytes), CpuInfo::parse(&X86[..cut]));
        if let Ok(info) = CpuInfo::parse(text.as_bytes()) {
            for processor in &info.processors {
                prop_assert!(info.model(processor.cpu).is_some());
            }
        }
    }
}
