//! What is refused.

use super::*;

#[test]
fn ranges_that_are_no_pages_overflow_or_are_not_watched_are_refused() {
    let _open = Open::watched();
    let region = Region::private(pages(2)).unwrap();
    let (handler, _) = watching(&region, UserFaultFeatures::empty(), WatchedFaults::MISSING).unwrap();
    let invalid = Reason::System(Errno::INVAL);
    let at = region.address();
    assert_eq!(reason(handler.copy(at + 1, &filled(1), FillFlags::empty())), invalid);
    assert_eq!(reason(handler.copy(at, b"short", FillFlags::empty())), invalid);
    assert_eq!(reason(handler.copy(at, &[], FillFlags::empty())), invalid);
    assert_eq!(reason(handler.copy(u64::MAX - page() + 1, &filled(1), FillFlags::empty())), invalid);
    let huge = AddressRange::new(page(), u64::MAX - page() + 1).unwrap();
    assert_eq!(reason(handler.zero(huge, FillFlags::empty())), invalid);
    assert_eq!(reason(handler.wake(AddressRange::new(1, 2).unwrap())), invalid);
    let other = Region::private(pages(1)).unwrap();
    let unwatched = handler.copy(other.address(), &filled(1), FillFlags::empty());
    assert_eq!(reason(unwatched), Reason::System(Errno::NOENT));
    assert_eq!(reason(handler.write_protect(other.pages().range())), Reason::System(Errno::NOENT));
    let second = UserFault::new(FaultAccess::UserModeOnly, UserFaultFeatures::empty()).unwrap();
    let busy = second.register(region.pages(), WatchedFaults::MISSING);
    assert_eq!(reason(busy), Reason::System(Errno::BUSY));
}

#[test]
fn a_file_that_can_shrink_under_its_mapping_is_refused() {
    let _open = Open::watched();
    let memory = MemFd::sealable("shrinking").unwrap();
    memory.set_length(pages(2)).unwrap();
    let plain = tempfile::tempfile().unwrap();
    plain.set_len(pages(2).get()).unwrap();
    for error in
        [Region::shared(&memory, pages(1)).unwrap_err(), Region::shared(&plain, pages(1)).unwrap_err()]
    {
        assert!(error.to_string().contains("sealed against shrinking"), "{error}");
    }
    memory.add_seals(Seals::SHRINK).unwrap();
    assert!(matches!(reason(Region::shared(&memory, pages(3))), Reason::Invalid(_)));
    let mut region = Region::shared(&memory, pages(1)).unwrap();
    region.resize(pages(2)).unwrap();
    region.write(page(), b"x").unwrap();
    assert!(matches!(reason(region.resize(pages(3))), Reason::Invalid(_)));
    assert!(memory.set_length(pages(1)).is_err());
}

#[test]
fn features_that_no_kernel_has_are_named() {
    let _open = Open::watched();
    let available = UserFault::features(FaultAccess::UserModeOnly).unwrap();
    assert!(available.contains(UserFaultFeatures::EXACT_ADDRESS), "Linux 5.18");
    let unknown = UserFaultFeatures::from_bits_retain(1 << 60);
    let error = UserFault::new(FaultAccess::UserModeOnly, unknown).unwrap_err();
    assert!(matches!(error.reason(), Reason::Invalid(_)), "{error}");
}

#[test]
fn a_descriptor_of_another_kind_is_refused_and_its_own_is_taken() {
    let _open = Open::watched();
    let error = UserFault::try_from(OwnedFd::from(File::open("/dev/null").unwrap())).unwrap_err();
    assert!(error.to_string().ends_with("is no userfaultfd, but character device 1:3"), "{error}");
    let handler = UserFault::new(FaultAccess::UserModeOnly, UserFaultFeatures::empty()).unwrap();
    let handler = UserFault::try_from(OwnedFd::from(handler)).unwrap();
    assert!(handler.try_clone().unwrap().try_read().unwrap().is_none());
}
