//! Everything that all rules want, compared with everything that enrolments are: a full plan, from nothing but the
//! registry as it is. Commits never make one, since they follow what changes; it is empty after each of them, which is
//! what it is for. Not here: what follows from changes (`derive`, `movements`).

use std::borrow::Cow;

use hashbrown::HashMap;

use crate::due::Dates;
use crate::movements::{held, is_paused};
use crate::reconcile::{Movement, reconcile};
use crate::{CourseId, EnrolmentRuleId, Instant, RowSet, Snapshot, Steps};

impl Snapshot {
    /// What would have to happen to enrolments for them to be as the rules want them at the registry's clock, in the
    /// order in which it would be applied. Nothing, always: a step here is a fault of this library, or of a store. It
    /// looks at every enrolment and is meant for tests and audits.
    ///
    /// ```
    /// use matricula_core::Snapshot;
    ///
    /// assert!(Snapshot::default().plan().is_empty());
    /// ```
    pub fn plan(&self) -> Vec<Steps> {
        let (state, at) = (&*self.0, self.clock().unwrap_or(Instant::EPOCH));
        let mut before: HashMap<(EnrolmentRuleId, CourseId), Vec<u32>> = HashMap::new();
        state.enrolments.each_in_force(|user, course, rule| {
            before.entry((rule, course)).or_default().push(user.0);
        });
        let mut before: HashMap<_, RowSet> =
            before.into_iter().map(|(pair, rows)| (pair, rows.into_iter().collect())).collect();
        for (rule, id) in state.rules.values().zip((0..).map(EnrolmentRuleId)) {
            for course in &rule.courses {
                before.entry((id, *course)).or_default();
            }
        }
        let mut movements: Vec<Movement<'_>> = before
            .into_iter()
            .filter(|((_, course), _)| !state.is_archived(*course))
            .filter_map(|((id, course), before)| {
                let rule = state.rule(id)?;
                let after = held(state, rule, course, at);
                // While its segment is paused, a rule holds whom it held.
                let holds_on = rule.acts(at) && rule.courses.contains(&course) && is_paused(state, rule);
                Some(Movement {
                    rule: id,
                    course,
                    on_leave: rule.on_leave,
                    left: if holds_on { Cow::default() } else { Cow::Owned(before.difference(&after)) },
                    arrived: Cow::Owned(after.difference(&before)),
                    redated: RowSet::default(),
                })
            })
            .filter(|movement| !movement.is_empty())
            .collect();
        movements.sort_unstable_by_key(|movement| (movement.course, movement.rule));
        reconcile(&mut state.enrolments.clone(), &movements, &[], &Dates::of(state), at)
    }
}
