//! What the rules of all targets can name: lists of keys, by position. The first ids are those of
//! `tests/builder/cases.json`, so that its queries are read.

use std::borrow::Cow;
use std::sync::LazyLock;

use matricula_rule::{Attribute, AttributeId, Choice, Kind, Named, Names, Schema};

/// A schema and lists of keys.
pub struct World {
    pub schema: Schema,
    users: Vec<&'static str>,
    segments: Vec<&'static str>,
    sites: Vec<&'static str>,
    courses: Vec<&'static str>,
    /// Of each course.
    groups: Vec<Vec<&'static str>>,
    roles: Vec<&'static str>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| World {
    schema: schema(),
    users: vec!["ann", "bob", "o'hara", "cy", "Zoë", "~", "a,b"],
    segments: vec!["sales", "new starters", "starters", "<b>", "\u{202e}odd\"", "~"],
    sites: vec!["main", "emea", "~"],
    courses: vec!["gdpr", "fire safety", "~"],
    groups: vec![vec!["monday", "tuesday", "~"], vec![], vec!["a,b"]],
    roles: vec!["instructor", "reporter", "~"],
});

/// The one that all targets use.
pub fn world() -> &'static World {
    &WORLD
}

fn options(keys: &[&str]) -> matricula_rule::Options {
    keys.iter().map(|key| Choice::new(*key)).collect()
}

fn schema() -> Schema {
    let countries = options(&["ZA", "NA", "BW", "Bonaire, Saba", "DE", "BR"]);
    let skills = options(&["rust", "go", "sql", "js", "~", " padded", "a\\,b"]);
    let kinds = [
        ("department", Kind::Text),
        ("email", Kind::Text),
        ("level", Kind::Integer),
        ("rate", Kind::Decimal),
        ("remote", Kind::Boolean),
        ("hired_on", Kind::Date),
        ("last_login", Kind::Timestamp),
        ("country", Kind::Choice { options: countries }),
        ("skills", Kind::MultiChoice { options: skills }),
        ("manager", Kind::User),
        ("org", Kind::Path),
        ("cost-centre", Kind::Text),
        ("in", Kind::Text),
        ("flag", Kind::Boolean),
        ("boss", Kind::User),
        ("team", Kind::Text),
        ("a", Kind::Text),
        ("b", Kind::Text),
        ("d", Kind::Date),
        ("lone", Kind::MultiChoice { options: options(&["only"]) }),
        ("x/y.z-1 2", Kind::Decimal),
    ];
    let mut schema = Schema::default();
    for (position, (key, kind)) in kinds.into_iter().enumerate() {
        let mut attribute = Attribute::new(AttributeId::at(position), key, kind);
        attribute.ignore_case = key == "email";
        if key == "d" {
            attribute.name = Some("first \"day\"".into());
        }
        schema.define(attribute);
    }
    schema
}

impl World {
    fn of(&self, what: Named) -> &[&'static str] {
        match what {
            Named::User => &self.users,
            Named::Segment => &self.segments,
            Named::Site => &self.sites,
            Named::Course => &self.courses,
            Named::Group(course) => self.groups.get(course.index()).map_or(&[], Vec::as_slice),
            Named::Role => &self.roles,
        }
    }
}

impl Names for World {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn find(&self, what: Named, key: &str) -> Option<u32> {
        let position = self.of(what).iter().position(|other| *other == key)?;
        u32::try_from(position).ok()
    }

    fn key(&self, what: Named, id: u32) -> Option<Cow<'_, str>> {
        self.of(what).get(id as usize).map(|key| (*key).into())
    }

    fn keys(&self, what: Named) -> Box<dyn Iterator<Item = Cow<'_, str>> + '_> {
        Box::new(self.of(what).iter().map(|key| (*key).into()))
    }
}
