//! What the queries of a rule builder can name in the tests: lists of keys, by position.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::borrow::Cow;
use std::collections::BTreeMap;

use matricula_rule::{Attribute, Named, Names, Schema};
use serde::Deserialize;

/// Attributes, and the keys of everything else.
#[derive(Clone, Debug, Deserialize)]
pub struct Known {
    #[serde(deserialize_with = "schema")]
    pub attributes: Schema,
    pub users: Vec<String>,
    pub segments: Vec<String>,
    pub sites: Vec<String>,
    pub courses: Vec<String>,
    pub groups: BTreeMap<String, Vec<String>>,
    pub roles: Vec<String>,
}

/// The names of `tests/builder/cases.json`.
pub fn names() -> Known {
    let mut file: serde_json::Value =
        serde_json::from_str(include_str!("../../../../tests/builder/cases.json")).unwrap();
    serde_json::from_value(file.get_mut("names").unwrap().take()).unwrap()
}

fn schema<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Schema, D::Error> {
    let mut schema = Schema::default();
    for attribute in Vec::<Attribute>::deserialize(deserializer)? {
        schema.define(attribute);
    }
    Ok(schema)
}

impl Known {
    fn of(&self, what: Named) -> &[String] {
        match what {
            Named::User => &self.users,
            Named::Segment => &self.segments,
            Named::Site => &self.sites,
            Named::Course => &self.courses,
            Named::Group(course) => {
                let key = self.courses.get(course.index());
                key.and_then(|key| self.groups.get(key)).map_or(&[], Vec::as_slice)
            }
            Named::Role => &self.roles,
        }
    }
}

impl Names for Known {
    fn schema(&self) -> &Schema {
        &self.attributes
    }

    fn find(&self, what: Named, key: &str) -> Option<u32> {
        self.of(what).iter().position(|known| known == key).map(|at| u32::try_from(at).unwrap())
    }

    fn key(&self, what: Named, id: u32) -> Option<Cow<'_, str>> {
        self.of(what).get(id as usize).map(|key| key.as_str().into())
    }

    fn keys(&self, what: Named) -> Box<dyn Iterator<Item = Cow<'_, str>> + '_> {
        Box::new(self.of(what).iter().map(|key| key.as_str().into()))
    }
}
