linux_support_base::named! {
    /// What a key holds, and what can be done with it.
    ///
    /// # Source
    /// keyrings(7), "Key types".
    KeyType {
        /// Any bytes, at most 32,767, that programs read.
        User = "user",
        /// Any bytes, at most 32,767, that only the kernel reads. The description begins with a service and `:`.
        Logon = "logon",
        /// Other keys.
        Keyring = "keyring",
        /// Any bytes, at most 1 MiB, that may be swapped out, encrypted.
        BigKey = "big_key",
        /// A public key, or a pair.
        Asymmetric = "asymmetric",
        /// Made by the kernel, and encrypted by another key when it is read.
        Encrypted = "encrypted",
        /// Made by the kernel, and sealed by a TPM or its like when it is read.
        Trusted = "trusted",
        /// Answers of the name service.
        DnsResolver = "dns_resolver",
        /// The right to make a key that was asked for.
        RequestAuthority = ".request_key_auth",
        /// What must not be trusted.
        Blacklist = "blacklist",
        /// Users' names on NFS.
        IdResolver = "id_resolver",
        /// Users' names on NFS, as they were asked for before.
        IdLegacy = "id_legacy",
        /// Tickets for CIFS.
        CifsSpnego = "cifs.spnego",
        /// Users' names on CIFS.
        CifsIdMap = "cifs.idmap",
        /// Secrets of Ceph.
        Ceph = "ceph",
        /// Tickets of RxRPC.
        Rxrpc = "rxrpc",
        /// Secrets of RxRPC's servers.
        RxrpcServer = "rxrpc_s",
        /// Secrets of NVMe over TLS.
        Psk = "psk",
        /// Keys of file systems' encryption, by their number.
        FscryptProvisioning = "fscrypt-provisioning",
    }
}

/// How many bytes of a type's name `/proc/keys` shows.
const SHOWN: usize = 9;

impl KeyType {
    /// Reads the name as `/proc/keys` shows it: no more than its first nine bytes.
    #[must_use]
    pub(super) fn parse_shown(text: &[u8]) -> Self {
        const LONGER: [KeyType; 7] = [
            KeyType::Asymmetric,
            KeyType::DnsResolver,
            KeyType::RequestAuthority,
            KeyType::IdResolver,
            KeyType::CifsSpnego,
            KeyType::CifsIdMap,
            KeyType::FscryptProvisioning,
        ];
        if text.len() == SHOWN
            && let Some(longer) = LONGER.iter().find(|known| known.name().starts_with(text))
        {
            return longer.clone();
        }
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_cut_is_known() {
        for (shown, full) in [
            ("user", "user"),
            ("asymmetri", "asymmetric"),
            ("dns_resol", "dns_resolver"),
            (".request_", ".request_key_auth"),
            ("id_legacy", "id_legacy"),
            ("encrypted", "encrypted"),
            ("cifs.spne", "cifs.spnego"),
            ("new_one", "new_one"),
            ("new_longe", "new_longe"),
        ] {
            assert_eq!(KeyType::parse_shown(shown.as_bytes()).name(), full.as_bytes());
        }
    }
}
