//! Every file that this kernel has for a process is modelled, or left out for a reason that is written here.

use std::collections::BTreeSet;

/// Files and folders of `/proc/PID` and `/proc/PID/task/TID` that this crate reads.
const MODELLED: &[&str] = &[
    "arch_status",
    "attr",
    "autogroup",
    "auxv",
    "children",
    "clear_refs",
    "cmdline",
    "comm",
    "coredump_filter",
    "cpu_resctrl_groups",
    "cwd",
    "environ",
    "exe",
    "fd",
    "fdinfo",
    "gid_map",
    "io",
    "ksm_merging_pages",
    "ksm_stat",
    "latency",
    "limits",
    "loginuid",
    "mountstats",
    "net",
    "ns",
    "oom_score",
    "oom_score_adj",
    "patch_state",
    "personality",
    "projid_map",
    "root",
    "sched",
    "schedstat",
    "seccomp_cache",
    "sessionid",
    "setgroups",
    "stack",
    "stat",
    "statm",
    "status",
    "syscall",
    "task",
    "timens_offsets",
    "timers",
    "timerslack_ns",
    "uid_map",
    "wchan",
];

/// Those that it does not, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    ("cgroup", "read by the crate cgroup"),
    ("cpuset", "of control groups of version 1: the path is in cgroup too"),
    ("fail-nth", "fault injection, for those who test the kernel"),
    ("make-it-fail", "fault injection, for those who test the kernel"),
    ("map_files", "read by the crate memory"),
    ("maps", "read by the crate memory"),
    ("mem", "the memory itself, not text"),
    ("mountinfo", "read by the crate filesystem"),
    ("mounts", "what mountinfo says with less"),
    ("numa_maps", "read by the crate memory"),
    ("oom_adj", "obsolete: oom_score_adj in other units"),
    ("pagemap", "read by the crate memory"),
    ("smaps", "read by the crate memory"),
    ("smaps_rollup", "read by the crate memory"),
    ("stack_depth", "of kernels that are built to measure their own stacks"),
];

/// Tables of `/proc/PID/net` that this crate reads.
const TABLES: &[&str] = &[
    "arp",
    "dev",
    "icmp",
    "icmp6",
    "if_inet6",
    "igmp",
    "igmp6",
    "ipv6_route",
    "netlink",
    "netstat",
    "packet",
    "protocols",
    "ptype",
    "raw",
    "raw6",
    "route",
    "snmp",
    "snmp6",
    "sockstat",
    "sockstat6",
    "tcp",
    "tcp6",
    "udp",
    "udp6",
    "udplite",
    "udplite6",
    "unix",
];

/// Those that it does not, and why.
const TABLES_LEFT_OUT: &[(&str, &str)] = &[
    ("anycast6", "few have such addresses"),
    ("arp_tables_matches", "netfilter"),
    ("arp_tables_names", "netfilter"),
    ("arp_tables_targets", "netfilter"),
    ("bonding", "of one kind of device, each with a format of its own"),
    ("connector", "debugging"),
    ("dev_mcast", "addresses of hardware that interfaces listen to: `ip maddress` asks through netlink"),
    ("dev_snmp6", "as snmp6, for one interface each"),
    ("fib_trie", "how the kernel keeps its routes"),
    ("fib_triestat", "how the kernel keeps its routes"),
    ("ip6_flowlabel", "few use flow labels"),
    ("ip6_mr_cache", "multicast routing"),
    ("ip6_mr_vif", "multicast routing"),
    ("ip6_tables_matches", "netfilter"),
    ("ip6_tables_names", "netfilter"),
    ("ip6_tables_targets", "netfilter"),
    ("ip6t_hashlimit", "netfilter"),
    ("ip_mr_cache", "multicast routing"),
    ("ip_mr_vif", "multicast routing"),
    ("ip_tables_matches", "netfilter"),
    ("ip_tables_names", "netfilter"),
    ("ip_tables_targets", "netfilter"),
    ("ip_vs", "load balancing"),
    ("ip_vs_stats", "load balancing"),
    ("ip_vs_stats_percpu", "load balancing"),
    ("ipconfig", "how the machine was started from the network"),
    ("ipt_hashlimit", "netfilter"),
    ("llc", "an old protocol"),
    ("mcfilter", "which sources of groups are taken"),
    ("mcfilter6", "which sources of groups are taken"),
    ("netfilter", "netfilter"),
    ("nf_conntrack", "netfilter"),
    ("nf_conntrack_expect", "netfilter"),
    ("nfsfs", "of NFS"),
    ("pnp", "how the machine was started from the network"),
    ("pppoe", "of one protocol"),
    ("psched", "constants"),
    ("rpc", "of NFS"),
    ("rt6_stats", "how the kernel keeps its routes"),
    ("rt_acct", "not text"),
    ("rt_cache", "empty since Linux 3.6"),
    ("sctp", "of one protocol"),
    ("sit_tunnel", "of one kind of device"),
    ("softnet_stat", "of the machine's CPUs, not of a namespace"),
    ("stat", "how the kernel keeps its neighbours and routes"),
    ("tls_stat", "of one protocol"),
    ("vlan", "of one kind of device, each with a format of its own"),
    ("wireless", "obsolete"),
    ("xfrm_stat", "of one protocol"),
    ("xt_recent", "netfilter"),
];

fn unknown(folder: &str, modelled: &[&str], left_out: &[(&str, &str)]) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !modelled.contains(&&**name) && left_out.iter().all(|(other, _)| other != name))
        .collect()
}

#[test]
#[cfg_attr(user_emulation, ignore = "/proc is that of the emulator")]
fn every_file_of_a_process_and_a_thread_is_modelled_or_has_a_reason() {
    assert_eq!(unknown("/proc/self", MODELLED, LEFT_OUT), BTreeSet::new());
    assert_eq!(unknown("/proc/thread-self", MODELLED, LEFT_OUT), BTreeSet::new());
}

#[test]
#[cfg_attr(user_emulation, ignore = "/proc is that of the emulator")]
fn every_table_of_the_network_is_modelled_or_has_a_reason() {
    assert_eq!(unknown("/proc/self/net", TABLES, TABLES_LEFT_OUT), BTreeSet::new());
}

#[test]
fn nothing_is_both_modelled_and_left_out() {
    for (modelled, left_out) in [(MODELLED, LEFT_OUT), (TABLES, TABLES_LEFT_OUT)] {
        let names: Vec<_> = modelled.iter().copied().chain(left_out.iter().map(|(name, _)| *name)).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    }
}

mod lab {
    mod numa {
        use std::collections::BTreeSet;

        use linux_support_base::{Error, Machine, Pid, Reason};
        use linux_support_process::{DescriptorTarget, InternetTable, Process, SecurityAttribute, processes};

        use super::super::{LEFT_OUT, MODELLED, TABLES, TABLES_LEFT_OUT, unknown};

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn every_file_of_this_kernel_is_modelled_or_has_a_reason() {
            assert_eq!(unknown("/proc/self", MODELLED, LEFT_OUT), BTreeSet::new());
            assert_eq!(unknown("/proc/thread-self", MODELLED, LEFT_OUT), BTreeSet::new());
            assert_eq!(unknown("/proc/self/net", TABLES, TABLES_LEFT_OUT), BTreeSet::new());
        }

        /// What may not be there, or went away meanwhile, is no fault of the reader's.
        fn is_fine(outcome: Result<(), Error>) {
            if let Err(error) = outcome {
                let is_malformed = matches!(error.reason(), Reason::Malformed(_) | Reason::System(_));
                assert!(!is_malformed, "{error}");
            }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn every_file_of_every_process_of_this_kernel_is_read() {
            let machine = Machine::live().unwrap();
            let pids: Vec<Pid> = processes(&machine).unwrap().map(|record| record.pid).collect();
            assert!(pids.len() > 10, "kernel threads are seen here");
            let mut buffer = Vec::new();
            for pid in pids {
                let Ok(process) = Process::open(&machine, pid) else { continue };
                is_fine(process.architecture_status().map(|_| ()));
                is_fine(process.auxiliary_vector().map(|_| ()));
                is_fine(process.environment().map(|_| ()));
                is_fine(process.group_setting().map(|_| ()));
                is_fine(process.in_kernel().map(|_| ()));
                is_fine(process.kernel_stack().map(|_| ()));
                is_fine(process.latencies().map(|_| ()));
                is_fine(process.merged_pages().map(|_| ()));
                is_fine(process.page_merging().map(|merging| assert_eq!(merging.other, [])));
                is_fine(process.patch_state().map(|_| ()));
                is_fine(process.posix_timers().map(|_| ()));
                is_fine(process.project_id_map().map(|_| ()));
                is_fine(process.resource_groups().map(|_| ()));
                is_fine(process.scheduler_debug().map(|debug| assert_eq!(debug.pid, pid)));
                is_fine(process.seccomp_cache().map(|_| ()));
                is_fine(process.time_offsets().map(|_| ()));
                for attribute in SecurityAttribute::ALL {
                    is_fine(process.security_attribute(attribute).map(|_| ()));
                }
                is_fine(
                    process
                        .mount_statistics(&mut buffer)
                        .map(|mut mounts| assert!(mounts.all(|mount| mount.is_ok()))),
                );
                for descriptor in process.descriptors().unwrap_or_default() {
                    let Some(target) = descriptor.target.value() else { continue };
                    is_fine(process.descriptor_info(descriptor.number).map(|info| {
                        if !matches!(target, DescriptorTarget::Anonymous { .. }) {
                            assert_eq!(info.other, [], "{target}");
                        }
                    }));
                }
            }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn every_table_of_this_kernel_is_read() {
            let machine = Machine::live().unwrap();
            let process = Process::of_caller(&machine).unwrap();
            let network = process.network();
            let mut buffer = Vec::new();
            let _listener = std::net::TcpListener::bind("127.0.0.1:0");
            is_fine(network.interfaces().map(|interfaces| assert!(!interfaces.is_empty())));
            is_fine(network.ipv4_routes().map(|_| ()));
            is_fine(network.ipv6_routes().map(|_| ()));
            is_fine(network.ipv6_addresses().map(|_| ()));
            is_fine(network.arp().map(|_| ()));
            is_fine(network.packet_sockets().map(|_| ()));
            is_fine(network.netlink_sockets().map(|sockets| assert!(!sockets.is_empty())));
            is_fine(network.packet_handlers().map(|handlers| assert!(!handlers.is_empty())));
            is_fine(network.protocols().map(|protocols| assert!(!protocols.is_empty())));
            is_fine(network.ipv4_memberships().map(|_| ()));
            is_fine(network.ipv6_memberships().map(|_| ()));
            for table in InternetTable::ALL {
                is_fine(network.internet_sockets(table, &mut buffer).map(|mut sockets| {
                    assert!(sockets.all(|socket| socket.is_ok()), "{table:?}");
                }));
            }
            is_fine(
                network
                    .unix_sockets(&mut buffer)
                    .map(|mut sockets| assert!(sockets.all(|socket| socket.is_ok()))),
            );
            is_fine(network.counters(&mut buffer).map(|mut groups| {
                assert!(groups.all(|group| group.unwrap().counters().all(|counter| counter.is_ok())));
            }));
            is_fine(
                network
                    .ipv6_counters(&mut buffer)
                    .map(|mut counters| assert!(counters.all(|counter| counter.is_ok()))),
            );
            is_fine(network.socket_counts(&mut buffer).map(|mut groups| {
                assert!(groups.all(|group| group.unwrap().counters().all(|counter| counter.is_ok())));
            }));
        }
    }
}
