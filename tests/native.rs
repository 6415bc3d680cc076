//! The native session on its own, by its public interface: threads, application data, and what differs by release.

use std::cell::RefCell;
use std::sync::{Arc, atomic::AtomicUsize, atomic::Ordering::Relaxed};
use std::thread;

use sessdiff::native::{Cipher, Clock, Error, Established, ExCallbacks, Library, Release, Session, Unseen};

const V1_1_1: Release = Release::new(1, 1, 1, 0);
const V1_1_1A: Release = Release::new(1, 1, 1, 1);
const V1_1_1W: Release = Release::new(1, 1, 1, 23);
const V3_0_0: Release = Release::new(3, 0, 0, 0);
const V3_0_19: Release = Release::new(3, 0, 19, 0);
const V3_2_0: Release = Release::new(3, 2, 0, 0);
const V4_0_3: Release = Release::new(4, 0, 3, 0);

/// 2020-09-13 12:26:40 UTC.
const NOON: Clock = Clock::Frozen { micros: 1_600_000_000_000_000 };

/// Every program relies on it that hands a session to another thread.
const _: () = {
    const fn shared_by_threads<T: Send + Sync>() {}
    shared_by_threads::<Session>();
    shared_by_threads::<Library>();
};

mod threads {
    use super::*;

    const THREADS: usize = 8;
    const ROUNDS: usize = 2_000;

    #[test]
    fn references_taken_and_given_back_by_many_threads_leave_one() {
        static BORN: AtomicUsize = AtomicUsize::new(0);
        static DEAD: AtomicUsize = AtomicUsize::new(0);
        let library = Library::new(Release::V3_6_3, NOON);
        library.register(ExCallbacks {
            new: Some(|_, _| _ = BORN.fetch_add(1, Relaxed)),
            dup: None,
            free: Some(|_, _, _| _ = DEAD.fetch_add(1, Relaxed)),
        });
        let session = library.session();
        thread::scope(|scope| {
            for number in 0..THREADS {
                let session = &session;
                scope.spawn(move || (0..ROUNDS).for_each(|round| use_it(session, number, round)));
            }
        });
        assert_eq!(session.references(), 1);
        assert_eq!(BORN.load(Relaxed), 1 + THREADS * ROUNDS);
        assert_eq!(DEAD.load(Relaxed), THREADS * ROUNDS, "every dup is destroyed, and the session is not");
        drop(session);
        assert_eq!(DEAD.load(Relaxed), BORN.load(Relaxed));
    }

    /// Each value is one that some thread set; buffers come whole.
    fn use_it(session: &Session, number: usize, round: usize) {
        let mine = session.up_ref();
        assert!(mine.references() >= 2);
        let name = vec![b'a' + number as u8; number + 1];
        mine.set1_id(&[number as u8; 32]).unwrap();
        mine.set1_master_key(&vec![number as u8; round % 49]).unwrap();
        mine.set1_hostname(Some(&name));
        mine.set1_ticket_appdata((!round.is_multiple_of(3)).then_some(&name));
        mine.set_time(number as i64);
        mine.set_ex_data(1, number).unwrap();
        let copy = mine.dup().unwrap();
        assert_eq!(copy.references(), 1, "nobody else has the dup");
        assert_ne!(copy.address(), mine.address());
        let whole = |name: Option<&[u8]>| {
            let name = name.unwrap();
            assert!(
                (1..=THREADS).contains(&name.len())
                    && name.iter().all(|byte| usize::from(byte - b'a') + 1 == name.len())
            );
        };
        copy.hostname(whole);
        mine.hostname(whole);
        assert!((0..THREADS as i64).contains(&copy.time()) || copy.time() == 1_600_000_000);
        assert!(copy.id().as_slice().iter().all(|byte| usize::from(*byte) < THREADS));
        assert!(copy.ex_data(1) < THREADS);
    }

    #[test]
    fn the_last_reference_may_be_given_back_by_any_thread() {
        static DEAD: AtomicUsize = AtomicUsize::new(0);
        let library = Library::new(Release::V3_6_3, NOON);
        library.register(ExCallbacks { new: None, dup: None, free: Some(|_, _, _| _ = DEAD.fetch_add(1, Relaxed)) });
        for round in 0..200 {
            let session = library.session();
            let references: Vec<Session> = (0..THREADS).map(|_| session.up_ref()).collect();
            drop(session);
            let threads: Vec<_> = references.into_iter().map(|reference| thread::spawn(|| drop(reference))).collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            assert_eq!(DEAD.load(Relaxed), round + 1, "destroyed once");
        }
    }
}

mod application_data {
    use super::*;

    thread_local! {
        static CALLS: RefCell<Vec<(&'static str, usize, usize)>> = const { RefCell::new(Vec::new()) };
    }

    /// Callbacks that note what they were called for: name, value or 0, index.
    const NOTED: ExCallbacks = ExCallbacks {
        new: Some(|_, index| note("new", 0, index)),
        dup: Some(|_, value, index| {
            note("dup", *value, index);
            true
        }),
        free: Some(|_, value, index| note("free", value, index)),
    };

    fn note(name: &'static str, value: usize, index: usize) {
        CALLS.with_borrow_mut(|calls| calls.push((name, value, index)));
    }

    fn noted() -> Vec<(&'static str, usize, usize)> {
        CALLS.take()
    }

    #[test]
    fn callbacks_run_in_the_order_of_their_indices() {
        let library = Library::new(Release::V3_6_3, NOON);
        assert_eq!(library.register(NOTED), 1, "0 is reserved");
        assert_eq!(library.register(NOTED), 2);
        let session = library.session();
        assert_eq!(noted(), [("new", 0, 1), ("new", 0, 2)]);
        session.set_ex_data(2, 22).unwrap();
        session.set_ex_data(1, 11).unwrap();
        let copy = session.dup().unwrap();
        assert_eq!(noted(), [("new", 0, 1), ("new", 0, 2), ("dup", 11, 1), ("dup", 22, 2)]);
        copy.set_ex_data(2, 23).unwrap();
        drop(session.up_ref());
        assert_eq!(noted(), [], "references are no sessions");
        drop(session);
        assert_eq!(noted(), [("free", 11, 1), ("free", 22, 2)]);
        drop(copy);
        assert_eq!(noted(), [("free", 11, 1), ("free", 23, 2)]);
    }

    #[test]
    fn a_callback_sees_which_session_it_is_called_for() {
        thread_local! { static SEEN: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) }; }
        fn see(address: usize) {
            SEEN.with_borrow_mut(|seen| seen.push(address));
        }
        let library = Library::new(Release::V3_6_3, NOON);
        library.register(ExCallbacks {
            new: Some(|session, _| see(session.address())),
            dup: Some(|from, _, _| {
                see(from);
                true
            }),
            free: Some(|session, _, _| see(session)),
        });
        let session = library.session();
        session.set_ex_data(1, 1).unwrap();
        let copy = session.dup().unwrap();
        let (of_session, of_copy) = (session.address(), copy.address());
        drop(session);
        drop(copy);
        assert_eq!(SEEN.take(), [of_session, of_copy, of_session, of_session, of_copy]);
    }

    #[test]
    fn a_dup_callback_may_replace_the_value() {
        let library = Library::new(Release::V3_6_3, NOON);
        library.register(ExCallbacks {
            dup: Some(|_, value, _| {
                *value += 1;
                true
            }),
            ..NOTED
        });
        let session = library.session();
        session.set_ex_data(1, 41).unwrap();
        let copy = session.dup().unwrap();
        assert_eq!((session.ex_data(1), copy.ex_data(1)), (41, 42));
        drop(copy);
        assert_eq!(noted(), [("new", 0, 1), ("new", 0, 1), ("free", 42, 1)]);
    }

    #[test]
    fn a_dup_callback_may_refuse_and_what_was_copied_so_far_is_freed() {
        let library = Library::new(Release::V3_6_3, NOON);
        library.register(NOTED);
        library.register(ExCallbacks { dup: Some(|_, value, _| *value != 13), ..NOTED });
        library.register(NOTED);
        let session = library.session();
        for index in 1..=3 {
            session.set_ex_data(index, 10 + index as usize).unwrap();
        }
        assert_eq!(session.dup().map(drop), Ok(()), "it refuses 13 only");
        session.set_ex_data(2, 13).unwrap();
        noted();
        assert_eq!(session.dup().unwrap_err(), Error::ExDataRefused);
        let born = [("new", 0, 1), ("new", 0, 2), ("new", 0, 3)];
        assert_eq!(noted(), [&born[..], &[("dup", 11, 1), ("free", 11, 1), ("free", 0, 2), ("free", 0, 3)]].concat());
        assert_eq!((session.references(), session.ex_data(2)), (1, 13), "the source is as it was");
    }

    #[test]
    fn without_any_index_registered_application_data_cannot_be_duplicated() {
        for release in [V1_1_1W, V3_0_19, Release::V3_6_3, V4_0_3] {
            let library = Library::new(release, NOON);
            let session = library.session();
            drop(session.dup().unwrap());
            session.set_ex_data(0, 7).unwrap();
            assert_eq!(session.dup().unwrap_err(), Error::ExDataRefused, "{release}");
            library.register(ExCallbacks::default());
            assert_eq!(session.dup().unwrap().ex_data(0), 7, "{release}");
        }
    }

    #[test]
    fn values_at_indices_that_nobody_registered_stay_behind() {
        let library = Library::new(Release::V3_6_3, NOON);
        library.register(ExCallbacks::default());
        let session = library.session();
        session.set_ex_data(1, 5).unwrap();
        session.set_ex_data(9, 6).unwrap();
        let copy = session.dup().unwrap();
        assert_eq!((session.ex_data(9), copy.ex_data(1), copy.ex_data(9)), (6, 5, 0));
    }

    #[test]
    fn a_session_older_than_an_index_gets_its_free_callback_only() {
        let library = Library::new(Release::V3_6_3, NOON);
        let session = library.session();
        library.register(NOTED);
        assert_eq!(noted(), []);
        drop(session);
        assert_eq!(noted(), [("free", 0, 1)]);
    }

    #[test]
    fn a_negative_index_is_refused_from_3_0_on() {
        let set = |release, value| Library::new(release, NOON).session().set_ex_data(-1, value);
        assert_eq!(set(V1_1_1W, 1), Ok(()));
        assert_eq!(set(V3_0_0, 1), Err(Error::ExDataIndex));
        assert_eq!(set(Release::V3_6_3, 1), Err(Error::ExDataIndex));
        assert_eq!(set(Release::V3_6_3, 0), Ok(()));
    }
}

mod releases {
    use super::*;

    #[test]
    fn a_negative_timeout_is_refused_from_3_0_on() {
        let session = Library::new(V1_1_1W, NOON).session();
        assert_eq!((session.set_timeout(-1), session.timeout()), (Ok(()), -1));
        for release in [V3_0_0, V3_0_19, V3_2_0, Release::V3_6_3, V4_0_3] {
            let session = Library::new(release, NOON).session();
            assert_eq!((session.set_timeout(-1), session.timeout()), (Err(Error::NegativeTimeout), 304), "{release}");
            assert_eq!((session.set_timeout(0), session.timeout()), (Ok(()), 0), "{release}");
        }
    }

    #[test]
    fn a_negative_time_wraps_where_nanoseconds_are_kept() {
        let time = |release, seconds| {
            let session = Library::new(release, NOON).session();
            session.set_time(seconds);
            session.time()
        };
        for release in [V1_1_1W, V3_0_0, V3_0_19, Release::new(3, 1, 8, 0)] {
            assert_eq!(time(release, -5), -5, "{release}");
        }
        for release in [V3_2_0, Release::V3_6_3, V4_0_3] {
            // -5e9 as an unsigned 64-bit number of nanoseconds.
            assert_eq!(time(release, -5), 18_446_744_068, "{release}");
            assert_eq!(time(release, 1_600_000_000), 1_600_000_000, "{release}");
        }
    }

    #[test]
    fn the_master_key_has_the_room_of_its_release() {
        for (release, room) in [(V1_1_1, 64), (V1_1_1A, 256), (V1_1_1W, 256), (V3_0_0, 512), (V4_0_3, 512)] {
            let session = Library::new(release, NOON).session();
            assert_eq!(session.set1_master_key(&vec![1; room]), Ok(()), "{release}");
            assert_eq!(session.set1_master_key(&vec![2; room + 1]), Err(Error::MasterKeyTooLong), "{release}");
            let mut key = vec![0; room + 1];
            assert_eq!(session.master_key(&mut key), room, "{release}");
            assert_eq!(key, [vec![1; room], vec![0]].concat(), "{release}: a key that is too long changes nothing");
            assert_eq!(session.master_key(&mut []), room, "no room asks for the length");
            assert_eq!(session.master_key(&mut [0; 3]), 3);
        }
    }

    #[test]
    fn a_new_session_has_the_time_of_its_library() {
        for release in [V1_1_1W, V3_0_19, Release::V3_6_3] {
            let session = Library::new(release, NOON).session();
            assert_eq!((session.time(), session.timeout()), (1_600_000_000, 304), "{release}");
        }
    }

    #[test]
    fn which_failures_raise() {
        let raises = |release, error| Library::new(release, NOON).raises(error);
        assert!(raises(V3_0_19, Error::EmptyTicket) && !raises(V3_2_0, Error::EmptyTicket));
        for release in [V1_1_1W, V3_0_19, Release::V3_6_3] {
            assert!(raises(release, Error::IdTooLong) && raises(release, Error::IdContextTooLong));
            assert!(!raises(release, Error::MasterKeyTooLong) && !raises(release, Error::NegativeTimeout));
        }
    }
}

mod contents {
    use super::*;

    fn established() -> Established {
        Established {
            protocol_version: 0x0304,
            cipher: Some(Cipher(0x1301)),
            id: (1..=32).collect(),
            id_context: b"context".to_vec(),
            master_key: (100..148).collect::<Vec<u8>>().into(),
            time: 1_500_000_000,
            fraction: 0,
            timeout: 7_200,
            ticket: Some(vec![9; 200]),
            ticket_lifetime_hint: 300,
            max_early_data: 16_384,
            hostname: Some(b"example.org".to_vec()),
            alpn: Some(b"h2".to_vec()),
            ticket_appdata: Some(b"data".to_vec()),
            compress_id: 1,
            max_fragment_length: 2,
            peer: Some(vec![0x30, 0x00]),
            unseen: Unseen {
                verify_result: 10,
                psk_identity_hint: Some(b"hint".to_vec()),
                psk_identity: Some(b"identity".to_vec()),
                srp_username: Some(b"user".to_vec()),
                ticket_age_add: 7,
                flags: 1,
                kex_group: 0x1d,
                peer_rpk: Some(vec![0x30, 0x00]),
                knows_fragments: true,
                stands_in: Some(Cipher(0x1301)),
            },
        }
    }

    fn shown(session: &Session) -> String {
        format!("{:?}", session.established())
    }

    #[test]
    fn what_is_put_in_comes_out_and_is_duplicated() {
        for release in [V1_1_1W, V3_0_19, Release::V3_6_3, V4_0_3] {
            let library = Library::new(release, NOON);
            let session = library.session();
            session.establish(&established()).unwrap();
            assert_eq!(shown(&session), format!("{:?}", established()), "{release}");
            session.establish(&Established { fraction: 250, ..established() }).unwrap();
            assert_eq!(session.established().fraction == 250, release >= V3_2_0, "{release}");
            assert_eq!(shown(&session.dup().unwrap()), shown(&session), "{release}");
            let blank = library.session();
            let again = library.session();
            again.establish(&established()).unwrap();
            again.establish(&blank.established()).unwrap();
            assert_eq!(shown(&again), shown(&blank), "{release}: nothing is left of what was there");
        }
    }

    #[test]
    fn what_is_too_long_changes_nothing() {
        let session = Session::new();
        let before = shown(&session);
        let wrong = [
            (Established { id: vec![1; 33], ..established() }, Error::IdTooLong),
            (Established { id_context: vec![1; 33], ..established() }, Error::IdContextTooLong),
            (Established { master_key: vec![1; 513].into(), ..established() }, Error::MasterKeyTooLong),
        ];
        for (contents, error) in wrong {
            assert_eq!(session.establish(&contents), Err(error));
            assert_eq!(shown(&session), before, "{error}");
        }
        assert_eq!(session.set1_id(&[1; 33]), Err(Error::IdTooLong));
        assert_eq!(session.set1_id_context(&[1; 33]), Err(Error::IdContextTooLong));
        assert_eq!(shown(&session), before);
    }

    #[test]
    fn a_session_and_its_dup_do_not_change_with_each_other() {
        let session = Session::new();
        session.establish(&established()).unwrap();
        let copy = session.dup().unwrap();
        let change = |session: &Session| {
            session.set1_id(b"x").unwrap();
            session.set1_master_key(b"y").unwrap();
            session.set1_hostname(Some(b"z"));
            session.set1_alpn_selected(None);
            session.set1_ticket_appdata(Some(b"other"));
            session.set_time(1);
            session.set_cipher(None);
        };
        change(&session);
        assert_eq!(shown(&copy), format!("{:?}", established()));
        let third = copy.dup().unwrap();
        change(&third);
        assert_eq!(shown(&copy), format!("{:?}", established()));
        let same = session.peer(|own| third.peer(|copied| Arc::ptr_eq(own.unwrap(), copied.unwrap())));
        assert!(same, "the certificate alone is shared");
    }

    #[test]
    fn an_empty_ticket_is_no_ticket_and_cannot_be_duplicated() {
        let session = Session::new();
        session.establish(&Established { ticket: Some(Vec::new()), ..established() }).unwrap();
        assert!(!session.has_ticket());
        session.ticket(|ticket| assert_eq!(ticket, Some(&[][..])));
        assert_eq!(session.dup().unwrap_err(), Error::EmptyTicket);
        assert_eq!(session.references(), 1);
    }

    #[test]
    fn a_lifetime_hint_without_a_ticket_stays_behind() {
        let session = Session::new();
        session.establish(&Established { ticket: None, ..established() }).unwrap();
        let copy = session.dup().unwrap();
        assert_eq!((session.ticket_lifetime_hint(), copy.ticket_lifetime_hint()), (300, 0));
        assert_eq!(copy.time(), session.time());
    }

    #[test]
    fn null_and_empty_differ_where_they_do_in_c() {
        let session = Session::new();
        session.set1_hostname(Some(b""));
        session.hostname(|name| assert_eq!(name, Some(&[][..])));
        session.set1_hostname(Some(b"a\0b"));
        session.hostname(|name| assert_eq!(name, Some(&b"a"[..])));
        session.set1_hostname(None);
        session.hostname(|name| assert_eq!(name, None));
        session.set1_alpn_selected(Some(b"h2"));
        session.set1_alpn_selected(Some(b""));
        session.alpn_selected(|alpn| assert_eq!(alpn, None));
        session.set1_ticket_appdata(Some(b"data"));
        session.set1_ticket_appdata(Some(b""));
        session.ticket_appdata(|data| assert_eq!(data, None));
    }

    #[test]
    fn a_session_with_an_id_or_a_ticket_is_resumable() {
        let session = Session::new();
        assert!(!session.is_resumable());
        session.set1_id(b"id").unwrap();
        assert!(session.is_resumable() && session.dup().unwrap().is_resumable());
        session.establish(&Established { id: Vec::new(), ..established() }).unwrap();
        assert!(session.is_resumable());
        session.establish(&Established { id: Vec::new(), ticket: None, ..established() }).unwrap();
        assert!(!session.is_resumable());
    }
}
