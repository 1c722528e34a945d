//! What is told to be strange about a rule, and what is not.
#![allow(clippy::unwrap_used, reason = "a test says so by panicking")]

use matricula_core::{
    AttributeDefinition, AttributeType, CourseDefinition, Draft, Instant, SegmentDefinition, Snapshot,
    UserUpdate,
};

fn snapshot() -> Snapshot {
    let mut draft = Draft::new(&Snapshot::default(), Instant::EPOCH);
    let level = AttributeDefinition {
        minimum: Some(1.into()),
        maximum: Some(9.into()),
        ..AttributeDefinition::new("level", AttributeType::Integer)
    };
    let at = AttributeDefinition {
        minimum: Some("2000-01-01T00:00:00Z".into()),
        ..AttributeDefinition::new("at", AttributeType::Timestamp)
    };
    for attribute in [level, at] {
        draft.apply(attribute.into()).unwrap();
    }
    draft.apply(CourseDefinition::new("k".to_owned()).into()).unwrap();
    draft.apply(UserUpdate::new("ann").set("level", 5).set("at", "2030-06-01T00:00:00Z").into()).unwrap();
    draft.apply(SegmentDefinition::with_rule("other", "user.level >= 3").into()).unwrap();
    draft.finish("host", "").snapshot
}

fn lints(rule: &str) -> Vec<String> {
    let preview = snapshot().preview_rule(&rule.into(), None, None, Instant::EPOCH).unwrap();
    preview.lints.iter().map(ToString::to_string).collect()
}

#[test]
fn what_makes_a_difference_is_not_told() {
    assert_eq!(lints(r#"user.at > date("2030-01-01")"#), [""; 0]);
    assert_eq!(lints(r#"user.at.between(date("2030-01-01"), date("2031-01-01"))"#), [""; 0]);
    // Nobody has 8, but somebody may.
    assert_eq!(lints("user.level in [2, 8]"), ["nobody has `2` as `level`", "nobody has `8` as `level`"]);
    assert_eq!(lints("user.level < 3 || user.level > 5"), [""; 0]);
}

#[test]
fn what_can_only_be_one_way_is_told() {
    assert_eq!(
        lints("user.level < 3 && user.level > 5"),
        ["never true: level is less than 3 and level is more than 5"]
    );
    let outside = lints("user.level > 20");
    assert!(
        outside
            .contains(&"no value that `level` accepts makes a difference: level is more than 20".to_owned())
    );
    assert_eq!(lints("user.level >= 3"), ["segment `other` has the same rule"]);
    assert_eq!(lints("user.level >= 4"), ["everybody whom it selects is in segment `other` too"]);
}

#[test]
fn advice_about_missing_values_can_be_followed() {
    let told = lints(r#"score("k") > 0.5"#);
    let start = "1 person is left out because a value is missing: score in k (1); to have them in, add ";
    assert_eq!(told, [format!(r#"{start}`|| !has(score("k"))`"#)]);
    let rule = r#"score("k") > 0.5 || !has(score("k"))"#.into();
    let followed = snapshot().preview_rule(&rule, None, None, Instant::EPOCH).unwrap();
    assert_eq!(followed.members.len(), 1);
}
