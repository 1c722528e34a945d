//! What the fuzz targets found, each with the smallest input that showed it.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::borrow::Cow;

use matricula_rule::{
    Attribute, AttributeId, CourseId, Fact, Field, GroupId, Kind, Named, Names, RoleId, Rule, RuleErrorKind,
    Schema, SegmentId, SiteId, UserId, from_builder_text, to_builder, validate,
};

/// One attribute, `manager`, and one of everything else, whose key is `~`.
struct Tilde(Schema);

impl Names for Tilde {
    fn schema(&self) -> &Schema {
        &self.0
    }

    fn find(&self, _: Named, key: &str) -> Option<u32> {
        (key == "~").then_some(0)
    }

    fn key(&self, _: Named, id: u32) -> Option<Cow<'_, str>> {
        (id == 0).then_some("~".into())
    }
}

fn tilde() -> Tilde {
    let mut schema = Schema::default();
    schema.define(Attribute::new(AttributeId(0), "manager", Kind::User));
    Tilde(schema)
}

/// A rule builder takes `~` for a value that is yet to be chosen, so that a key that is `~` cannot be written.
#[test]
fn what_is_called_like_the_placeholder_is_not_written() {
    for (rule, pointer) in [
        (Rule::ReportsTo { attribute: AttributeId(0), user: UserId(0) }, "/reports_to"),
        (Rule::Is(Fact::Segment(SegmentId(0))), ""),
        (Rule::Is(Fact::Site(SiteId(0))), ""),
        (Rule::Is(Fact::Role(RoleId(0))), ""),
        (Rule::Is(Fact::Enrolled(CourseId(0))), ""),
        (Rule::Is(Fact::Group(CourseId(0), GroupId(0))), ""),
        (Rule::Has(Field::Completed(CourseId(0))), ""),
    ] {
        assert_eq!(validate(&rule, &tilde()), Ok(()));
        let error = to_builder(&rule, &tilde()).unwrap_err();
        assert_eq!((error.kind(), error.pointer()), (RuleErrorKind::NotSupported, Some(pointer)));
        let negated = Rule::Not(Box::new(rule));
        assert_eq!(to_builder(&negated, &tilde()).unwrap_err().kind(), RuleErrorKind::NotSupported);
    }
}

/// Where JSON is broken is said in characters, and never within one.
#[test]
fn broken_json_is_placed_between_characters() {
    for (text, start, column) in
        [("{\"é\" x", 6, 6), ("{\n\"éé\": é", 10, 7), ("[1 é", 3, 4), ("\"é", 1, 2), ("[\"é\\q\"]", 5, 5)]
    {
        let span = from_builder_text(text, &tilde()).unwrap_err().span().unwrap();
        assert!(span.of(text).is_some(), "{text}");
        assert_eq!((span.start, span.column), (start, column), "{text}");
    }
}
