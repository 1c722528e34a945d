//! Who may do what: the engine agrees with the slow reference, and what is promised of every registry holds.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says so by panicking"
)]

#[path = "access/agreement.rs"]
mod agreement;
#[path = "access/hostile.rs"]
mod hostile;
#[path = "access/promises.rs"]
mod promises;

use matricula_core::{CategoryId, CourseId, Over, Scope, SiteId, Snapshot, UserId};
use matricula_testkit::access_history::PEOPLE;

/// All scopes of a registry, and some that are not there.
fn scopes(snapshot: &Snapshot) -> Vec<Scope> {
    let sites = (0..snapshot.sites().len() as u32 + 1).map(|id| Scope::Site(SiteId(id)));
    let categories = (0..snapshot.categories().len() as u32 + 1).map(|id| Scope::Category(CategoryId(id)));
    let courses = (0..snapshot.courses().len() as u32 + 1).map(|id| Scope::Course(CourseId(id)));
    [Scope::Registry].into_iter().chain(sites).chain(categories).chain(courses).collect()
}

/// All that can be asked about, and somebody who is not there.
fn overs() -> Vec<Over> {
    let people = (0..=PEOPLE).map(|row| Over::User(UserId(row)));
    [Over::Nobody, Over::Any, Over::All].into_iter().chain(people).collect()
}

/// The site that a scope lies in.
fn site_of(snapshot: &Snapshot, scope: Scope) -> Option<SiteId> {
    match scope {
        Scope::Registry => None,
        Scope::Site(site) => Some(site),
        Scope::Category(id) => snapshot.categories().nth(id.0 as usize).map(|category| category.site),
        Scope::Course(id) => snapshot.courses().nth(id.0 as usize).map(|course| course.site),
    }
}
