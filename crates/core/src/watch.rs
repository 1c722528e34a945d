//! What was ended within the last day, by author: kept so that one commit more, and a question about one author, cost
//! as little on a bad day as on any other. Not here: what a commit ended, and whether that is too much (`guard`).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::chunks::Chunks;
use crate::erase::Secrets;
use crate::guard::{Guard, Losses, SiteLosses};
use crate::{Author, Instant, SiteId};

/// So long what an author ended counts, in milliseconds.
const DAY: i64 = 24 * 3_600_000;

/// At least so many places that nobody needs any longer are kept.
const GONE: usize = 64;

/// What an author ended of late.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Recent {
    at: Instant,
    author: Author,
    by_site: Vec<SiteLosses>,
}

/// How many enrolments and people, by site.
type Sums = BTreeMap<Option<SiteId>, (u64, u64)>;

/// The guard of a registry, and what was ended in the last day.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub(crate) struct Watch {
    pub(crate) guard: Guard,
    /// In the order of their instants, from the place `first` on. In chunks, because each commit of a bad day adds one.
    recent: Chunks<Option<Arc<Recent>>, 64>,
    first: usize,
    end: usize,
    /// What each author ended in all of them.
    sums: BTreeMap<Author, Arc<Sums>>,
}

/// The same as it is kept.
#[derive(Clone, Serialize, Deserialize)]
struct Written {
    guard: Guard,
    recent: Vec<Arc<Recent>>,
}

impl From<Written> for Watch {
    fn from(written: Written) -> Self {
        let mut watch = Self { guard: written.guard, ..Self::default() };
        written.recent.into_iter().for_each(|recent| watch.push(recent));
        watch
    }
}

impl From<Watch> for Written {
    fn from(watch: Watch) -> Self {
        Self { guard: watch.guard, recent: watch.entries().cloned().collect() }
    }
}

impl PartialEq for Watch {
    fn eq(&self, other: &Self) -> bool {
        self.guard == other.guard && self.entries().eq(other.entries())
    }
}

impl Eq for Watch {}

impl Watch {
    fn entries(&self) -> impl Iterator<Item = &Arc<Recent>> {
        (self.first..self.end).filter_map(|place| self.recent.get(place)?.as_ref())
    }

    /// What was ended of late, in order: when, by whom, what.
    pub(crate) fn recent(&self) -> impl Iterator<Item = (Instant, &Author, &[SiteLosses])> {
        self.entries().map(|recent| (recent.at, &recent.author, recent.by_site.as_slice()))
    }

    /// Takes names of people out of the names of hosts.
    pub(crate) fn scrub(&mut self, secrets: &Secrets) {
        let scrubbed = |author: &Author| match author {
            Author::Host(name) => secrets.scrubbed(name),
            Author::Actor(_) => None,
        };
        if self.entries().all(|recent| scrubbed(&recent.author).is_none()) {
            return;
        }
        let recent = self.entries().map(|recent| match scrubbed(&recent.author) {
            None => recent.clone(),
            Some(name) => Arc::new(Recent { author: Author::Host(name), ..Recent::clone(recent) }),
        });
        *self = Written { guard: self.guard, recent: recent.collect() }.into();
    }

    fn push(&mut self, recent: Arc<Recent>) {
        let sums = Arc::make_mut(self.sums.entry(recent.author.clone()).or_default());
        for losses in &recent.by_site {
            let (enrolments, users) = sums.entry(losses.site).or_default();
            *enrolments += losses.enrolments;
            *users += losses.users;
        }
        self.recent.set(self.end, Some(recent));
        self.end += 1;
    }

    /// Forgets the oldest.
    fn pop(&mut self) {
        let oldest = self.recent.get(self.first).cloned().flatten();
        self.recent.set(self.first, None);
        self.first += 1;
        let Some(oldest) = oldest else { return };
        let Some(sums) = self.sums.get_mut(&oldest.author).map(Arc::make_mut) else { return };
        for losses in &oldest.by_site {
            let Some((enrolments, users)) = sums.get_mut(&losses.site) else { continue };
            *enrolments -= losses.enrolments;
            *users -= losses.users;
            if (*enrolments, *users) == (0, 0) {
                sums.remove(&losses.site);
            }
        }
        if sums.is_empty() {
            self.sums.remove(&oldest.author);
        }
    }

    /// Whether [`Watch::follow`] has something to do for a commit: it ended something, or a day is over for what was
    /// ended before.
    pub(crate) fn concerns(&self, at: Instant, losses: &Losses) -> bool {
        !losses.is_empty() || self.entries().next().is_some_and(|oldest| !is_recent(oldest.at, at))
    }

    /// Takes note of a commit.
    pub(crate) fn follow(&mut self, at: Instant, author: &Author, losses: &Losses) {
        while self.entries().next().is_some_and(|oldest| !is_recent(oldest.at, at)) {
            self.pop();
        }
        // Who confirmed this has seen what had come before.
        let forgets = losses.confirmed && self.entries().any(|recent| recent.author == *author);
        if forgets || self.first > GONE.max(self.end - self.first) {
            let kept = self.entries().filter(|recent| !forgets || recent.author != *author);
            *self = Written { guard: self.guard, recent: kept.cloned().collect() }.into();
        }
        if !losses.confirmed && !losses.by_site.is_empty() {
            let (author, by_site) = (author.clone(), losses.by_site.clone());
            self.push(Arc::new(Recent { at, author, by_site }));
        }
    }

    /// What an author ended at a site within the day before an instant.
    pub(crate) fn earlier(&self, author: &Author, at: Instant, site: Option<SiteId>) -> SiteLosses {
        let sums = self.sums.get(author).and_then(|sums| sums.get(&site));
        let (enrolments, users) = sums.copied().unwrap_or_default();
        let mut sum = SiteLosses { site, enrolments, users };
        let over = self.entries().take_while(|recent| !is_recent(recent.at, at));
        for recent in over.filter(|recent| recent.author == *author) {
            for losses in recent.by_site.iter().filter(|losses| losses.site == site) {
                sum.enrolments -= losses.enrolments;
                sum.users -= losses.users;
            }
        }
        sum
    }
}

fn is_recent(then: Instant, now: Instant) -> bool {
    now.millis().saturating_sub(then.millis()) < DAY
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says so by panicking")]
mod tests {
    use matricula_rule::UserId;
    use proptest::prelude::*;

    use super::*;

    /// Everything that was ever followed: the plain reading of what counts.
    #[derive(Default)]
    struct Reference(Vec<Recent>);

    impl Reference {
        fn follow(&mut self, at: Instant, author: &Author, losses: &Losses) {
            self.0.retain(|recent| is_recent(recent.at, at));
            if losses.confirmed {
                self.0.retain(|recent| recent.author != *author);
            } else if !losses.by_site.is_empty() {
                self.0.push(Recent { at, author: author.clone(), by_site: losses.by_site.clone() });
            }
        }

        fn earlier(&self, author: &Author, at: Instant, site: Option<SiteId>) -> SiteLosses {
            let mut sum = SiteLosses { site, ..SiteLosses::default() };
            let counts = |recent: &&Recent| recent.author == *author && is_recent(recent.at, at);
            for losses in self.0.iter().filter(counts).flat_map(|recent| &recent.by_site) {
                if losses.site == site {
                    sum.enrolments += losses.enrolments;
                    sum.users += losses.users;
                }
            }
            sum
        }
    }

    fn site() -> impl Strategy<Value = Option<SiteId>> {
        prop::option::of((0..3_u32).prop_map(SiteId))
    }

    proptest! {
        #![proptest_config(matricula_testkit::cases(64))]

        #[test]
        fn it_remembers_one_day_of_each_author(
            commits in prop::collection::vec(
                (
                    // Mostly soon after each other, so that many are recent; now and then much later.
                    prop_oneof![20 => 0..DAY / 60, 1 => DAY / 2..2 * DAY],
                    0..3_u32,
                    prop::collection::btree_map(site(), (0..3_u64, 0..3_u64), 0..3),
                    prop::bool::weighted(0.03),
                ),
                0..400,
            ),
            later in 0..2 * DAY,
        ) {
            let (mut watch, mut reference) = (Watch::default(), Reference::default());
            let mut now = 0;
            for (pause, number, ended, confirmed) in commits {
                now += pause;
                let at = Instant::from_millis(now).unwrap();
                let author = Author::Actor(UserId(number));
                let losses = |(site, (enrolments, users))| SiteLosses { site, enrolments, users };
                let losses = Losses { by_site: ended.into_iter().map(losses).collect(), confirmed };
                // One that is asked later than it was followed, as a commit asks the state before it.
                for at in [at, Instant::from_millis(now + later).unwrap()] {
                    for site in [None, Some(SiteId(0)), Some(SiteId(1)), Some(SiteId(2))] {
                        prop_assert_eq!(watch.earlier(&author, at, site), reference.earlier(&author, at, site));
                    }
                }
                if watch.concerns(at, &losses) {
                    watch.follow(at, &author, &losses);
                }
                reference.follow(at, &author, &losses);
                let recent: Vec<Recent> = watch.entries().map(|recent| Recent::clone(recent)).collect();
                prop_assert_eq!(&recent, &reference.0);
                prop_assert!(watch.first <= 1 + GONE.max(watch.end - watch.first));
            }
            let written = serde_json::to_string(&watch).unwrap();
            prop_assert_eq!(serde_json::from_str::<Watch>(&written).unwrap(), watch);
        }
    }
}
