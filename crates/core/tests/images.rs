//! Images of snapshots: what is read is what was written, and goes on as the original does; whatever else is read is an
//! error or a snapshot, and never a panic.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says so by panicking")]

use std::collections::HashSet;

use matricula_core::{Change, Draft, Error, ErrorKind, Instant, Snapshot, Status, UserUpdate};
use matricula_testkit::behaviour::made;
use matricula_testkit::history::history;
use proptest::prelude::*;
use proptest::sample::Index;

fn image(snapshot: &Snapshot) -> Vec<Vec<u8>> {
    let mut chunks = Vec::new();
    let put = |chunk: &[u8]| {
        chunks.push(chunk.to_vec());
        Ok(())
    };
    snapshot.write_image(put).unwrap();
    chunks
}

fn read(chunks: &[Vec<u8>]) -> Result<Snapshot, Error> {
    let mut chunks = chunks.iter();
    Snapshot::read_image(|| Ok(chunks.next().cloned()))
}

#[test]
fn somebody_who_was_erased_is_in_an_image() {
    let at = Instant::EPOCH;
    let outcome = |on: &Snapshot, change: Change| {
        let mut draft = Draft::new(on, at);
        draft.apply(change).unwrap();
        draft.finish("hr", "").snapshot
    };
    let people = ["ann", "bob"].map(UserUpdate::new).to_vec();
    let snapshot = outcome(&Snapshot::default(), Change::Users(people));
    let erased = outcome(&snapshot, Change::Erase { user: "ann".to_owned() });
    assert_eq!(erased.status(erased.users().next().unwrap()), Some(Status::Erased));
    assert!(read(&image(&erased)).unwrap().same_as(&erased));
}

proptest! {
    #![proptest_config(matricula_testkit::cases(24))]

    #[test]
    fn an_image_is_the_snapshot_and_goes_on_as_it_does(history in history(10)) {
        let (mut lived, mut from_image) = (Snapshot::default(), Snapshot::default());
        for transaction in &history {
            let outcome = made(transaction, &lived);
            let again = made(transaction, &from_image);
            prop_assert_eq!(&again.commit, &outcome.commit);
            lived = outcome.snapshot;
            let chunks = image(&lived);
            from_image = read(&chunks).unwrap();
            prop_assert!(from_image.same_as(&lived));
            // What was replayed says the same in other codes; what was read back is the same to the byte.
            prop_assert!(image(&from_image) == chunks);
        }
    }

    #[test]
    fn no_damage_is_a_panic(
        history in history(6),
        damage in prop::collection::vec((any::<Index>(), any::<Index>(), any::<u8>(), 0..4_u8), 1..60),
    ) {
        let snapshot = history.iter().fold(Snapshot::default(), |on, transaction| made(transaction, &on).snapshot);
        let chunks = image(&snapshot);
        for (chunk, place, byte, how) in damage {
            let mut chunks = chunks.clone();
            let index = chunk.index(chunks.len());
            match how {
                0 => drop(chunks.remove(index)),
                1 => chunks.swap(index, place.index(history.len())),
                2 => {
                    let place = place.index(chunks[index].len() + 1);
                    chunks[index].truncate(place);
                }
                _ => {
                    let place = place.index(chunks[index].len().max(1));
                    if let Some(old) = chunks[index].get_mut(place) {
                        *old ^= byte;
                    }
                }
            }
            // A changed digit of an instant is an instant: telling that is the digest's part. What comes can be used.
            match read(&chunks) {
                Ok(strange) => drop(made(&history[0], &strange).snapshot.same_as(&strange)),
                Err(error) => prop_assert_eq!(error.kind(), ErrorKind::InvalidStore),
            }
        }
    }
}

#[test]
fn a_change_of_one_person_leaves_most_chunks_as_they_were() {
    let mut draft = matricula_core::Draft::new(&Snapshot::default(), matricula_core::Instant::EPOCH);
    let text = || matricula_core::AttributeType::Text;
    for key in ["mail", "city"] {
        draft.apply(matricula_core::AttributeDefinition::new(key, text()).into()).unwrap();
    }
    let person = |number: u32| {
        let update = UserUpdate::new(format!("u{number}")).set("mail", format!("u{number}@acme.example"));
        update.set("city", format!("city {}", number % 50))
    };
    draft.apply(matricula_core::Change::Users((0..60_000).map(person).collect())).unwrap();
    let before = draft.finish("hr", "").snapshot;
    let mut draft = matricula_core::Draft::new(&before, matricula_core::Instant::EPOCH);
    draft.apply(UserUpdate::new("u30000").set("mail", "new@acme.example").into()).unwrap();
    draft.apply(UserUpdate::new("new").set("mail", "newer@acme.example").into()).unwrap();
    let after = draft.finish("hr", "").snapshot;
    let old: HashSet<Vec<u8>> = image(&before).into_iter().collect();
    let (all, new): (usize, usize) = image(&after).iter().fold((0, 0), |(all, new), chunk| {
        let bytes = if old.contains(chunk) { 0 } else { chunk.len() };
        (all + chunk.len(), new + bytes)
    });
    assert!(new * 5 < all, "{new} bytes of {all} are new");
    assert!(read(&image(&after)).unwrap().same_as(&after));
}
