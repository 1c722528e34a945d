//! What would have to be otherwise for a rule to answer otherwise: a set of tests none of which can be left out. Not
//! here: how it is told (`explain`).

use matricula_rule::{Rule, Truth};

/// Tests with what they would have to become, such that a rule that is true would no longer be, or one that is not
/// would be. No test can be left out. `None` if no such set was found, as where a rule can never be true.
///
/// `truth` says how each test stands.
pub(crate) fn flips<'r>(rule: &'r Rule, truth: &impl Fn(&Rule) -> Truth) -> Option<Vec<(&'r Rule, bool)>> {
    let wanted = answer(rule, &[], truth) != Truth::True;
    let [no, yes] = cheapest(rule, truth);
    let mut changes = if wanted { yes } else { no }?;
    changes.sort_by_key(|(test, _)| place_of(rule, test));
    changes.dedup();
    let enough = |changes: &[(&Rule, bool)]| (answer(rule, changes, truth) == Truth::True) == wanted;
    if !enough(&changes) {
        // One test stands in several places and cannot be both: look through sets, small ones first.
        changes = search(rule, wanted, truth)?;
    }
    // Whatever can be left out, is; leaving out one thing may let another go too.
    let mut place = 0;
    while place < changes.len() {
        let mut fewer = changes.clone();
        fewer.remove(place);
        if enough(&fewer) {
            changes = fewer;
            place = 0;
        } else {
            place += 1;
        }
    }
    Some(changes)
}

/// The rule's answer if some tests became otherwise.
fn answer(rule: &Rule, changes: &[(&Rule, bool)], truth: &impl Fn(&Rule) -> Truth) -> Truth {
    let each = |part: &Rule| answer(part, changes, truth);
    match rule {
        Rule::All(parts) => parts.iter().fold(Truth::True, |so_far, part| so_far.and(each(part))),
        Rule::Any(parts) => parts.iter().fold(Truth::False, |so_far, part| so_far.or(each(part))),
        Rule::Xor(parts) => parts.iter().fold(Truth::False, |so_far, part| so_far.xor(each(part))),
        Rule::Not(part) => !each(part),
        test => match changes.iter().find(|(changed, _)| *changed == test) {
            Some((_, becomes)) => (*becomes).into(),
            None => truth(test),
        },
    }
}

type Changes<'r> = Vec<(&'r Rule, bool)>;

/// The fewest changes that make a rule false, and true, if each test stood in one place only; both in one walk, since
/// "xor" asks for both of every part.
fn cheapest<'r>(rule: &'r Rule, truth: &impl Fn(&Rule) -> Truth) -> [Option<Changes<'r>>; 2] {
    let join = |so_far: &Option<Changes<'r>>, more: &Option<Changes<'r>>| {
        Some([so_far.clone()?, more.clone()?].concat())
    };
    let shorter =
        |a: Option<Changes<'r>>, b: Option<Changes<'r>>| [a, b].into_iter().flatten().min_by_key(Vec::len);
    // Every part, or the one that takes the fewest changes.
    let combine = |parts: &'r [Rule], every: usize| {
        let mut each = Some(Vec::new());
        let mut one = None;
        for part in parts {
            let [no, yes] = cheapest(part, truth);
            let (of_every, of_one) = if every == 1 { (yes, no) } else { (no, yes) };
            each = join(&each, &of_every);
            one = shorter(one.take(), of_one);
        }
        if every == 1 { [one, each] } else { [each, one] }
    };
    match rule {
        Rule::All(parts) => combine(parts, 1),
        Rule::Any(parts) => combine(parts, 0),
        Rule::Not(part) => {
            let [no, yes] = cheapest(part, truth);
            [yes, no]
        }
        Rule::Xor(parts) => {
            // The best way to an even and to an odd number of true parts so far.
            let (mut even, mut odd) = (Some(Vec::new()), None);
            for part in parts {
                let [no, yes] = cheapest(part, truth);
                (even, odd) = (
                    shorter(join(&even, &no), join(&odd, &yes)),
                    shorter(join(&even, &yes), join(&odd, &no)),
                );
            }
            [even, odd]
        }
        test => {
            let is = truth(test);
            [false, true]
                .map(|wanted| Some(if is == wanted.into() { Vec::new() } else { vec![(test, wanted)] }))
        }
    }
}

/// Rules of more distinct tests than this are not searched.
const SEARCHED: usize = 8;

/// The first set of changes that does it, small ones first.
fn search<'r>(rule: &'r Rule, wanted: bool, truth: &impl Fn(&Rule) -> Truth) -> Option<Changes<'r>> {
    let mut tests: Vec<&'r Rule> = Vec::new();
    rule.visit(&mut |part| {
        if !matches!(part, Rule::All(_) | Rule::Any(_) | Rule::Not(_) | Rule::Xor(_))
            && !tests.contains(&part)
        {
            tests.push(part);
        }
    });
    if tests.len() > SEARCHED {
        return None;
    }
    // Each test as it is, true, or false: sets in base three, fewest changes first.
    let count = 3_usize.checked_pow(u32::try_from(tests.len()).ok()?)?;
    let set = |mut number: usize| -> Changes<'r> {
        let mut changes = Vec::new();
        for test in &tests {
            match number % 3 {
                1 => changes.push((*test, true)),
                2 => changes.push((*test, false)),
                _ => {}
            }
            number /= 3;
        }
        changes
    };
    (0..count)
        .map(set)
        .filter(|changes| (answer(rule, changes, truth) == Truth::True) == wanted)
        .min_by_key(Vec::len)
}

/// Where a test first stands, for a steady order.
fn place_of(rule: &Rule, wanted: &Rule) -> usize {
    let (mut place, mut found) = (0, usize::MAX);
    rule.visit(&mut |part| {
        place += 1;
        if part == wanted && found == usize::MAX {
            found = place;
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use matricula_rule::{AttributeId, Field};
    use proptest::prelude::*;

    use super::*;

    fn rules() -> impl Strategy<Value = Rule> {
        let test = (0..5_u32).prop_map(|id| Rule::Has(Field::Attribute(AttributeId(id))));
        test.prop_recursive(4, 16, 3, |inner| {
            let parts = prop::collection::vec(inner.clone(), 2..4);
            prop_oneof![
                parts.clone().prop_map(Rule::All),
                parts.clone().prop_map(Rule::Any),
                parts.prop_map(Rule::Xor),
                inner.prop_map(|part| Rule::Not(Box::new(part))),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_changes_flip_the_answer_and_none_can_be_left_out(
            rule in rules(),
            truths in prop::collection::vec(prop::sample::select(vec![Truth::True, Truth::False, Truth::Unknown]), 5),
        ) {
            let truth = |test: &Rule| match test {
                Rule::Has(Field::Attribute(id)) => truths[id.index()],
                _ => unreachable!(),
            };
            let before = answer(&rule, &[], &truth) == Truth::True;
            match flips(&rule, &truth) {
                Some(changes) => {
                    prop_assert_ne!(answer(&rule, &changes, &truth) == Truth::True, before);
                    for place in 0..changes.len() {
                        let mut fewer = changes.clone();
                        fewer.remove(place);
                        prop_assert_eq!(answer(&rule, &fewer, &truth) == Truth::True, before);
                    }
                }
                // Only where no choice of answers does it.
                None => prop_assert!(search(&rule, !before, &truth).is_none()),
            }
        }
    }
}
