crate::named! {
    /// A hypervisor: what a virtual machine runs on.
    #[doc(alias = "virtual machine monitor")]
    Hypervisor {
        /// KVM of Linux.
        Kvm = "kvm",
        /// QEMU without KVM.
        Qemu = "qemu",
        /// Firecracker, on KVM.
        Firecracker = "firecracker",
        /// Cloud Hypervisor, on KVM.
        CloudHypervisor = "cloud-hypervisor",
        /// Xen.
        Xen = "xen",
        /// VMware.
        Vmware = "vmware",
        /// Microsoft Hyper-V.
        HyperV = "hyper-v",
        /// The Windows Subsystem for Linux.
        Wsl = "wsl",
        /// Oracle VirtualBox.
        VirtualBox = "virtualbox",
        /// Parallels.
        Parallels = "parallels",
        /// bhyve of FreeBSD.
        Bhyve = "bhyve",
        /// Apple's virtualisation framework.
        Apple = "apple",
        /// ACRN.
        Acrn = "acrn",
        /// QNX.
        Qnx = "qnx",
        /// Amazon EC2: Nitro, or the Xen before it.
        AmazonEc2 = "amazon-ec2",
        /// Google Compute Engine.
        GoogleComputeEngine = "google-compute-engine",
        /// OpenStack.
        OpenStack = "openstack",
        /// PowerVM.
        PowerVm = "powervm",
        /// z/VM.
        Zvm = "z/vm",
        /// The partition manager of IBM Z.
        PrSm = "pr/sm",
    }
}
