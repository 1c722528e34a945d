//! The names of fields: attributes, the account, what is known of courses, and facts. Not here: what is asked of
//! them (`test`).

use super::place::Place;
use crate::error::quoted;
use crate::names::resolve;
use crate::{
    AttributeId, CourseId, Fact, Field, GroupId, Kind, Named, Names, RoleId, Rule, RuleError, RuleErrorKind,
    SegmentId, SiteId, nearest,
};

/// What a field of the rule builder stands for.
#[derive(Clone, Copy)]
pub(super) enum Subject<'n> {
    /// A value, and its type.
    Field(Field, &'n Kind),
    /// Something that holds of the person or not.
    Fact(About),
}

/// A kind of fact; the rule's value says which.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Segment,
    Site,
    Role,
    Enrolled,
    Completed,
    Group(CourseId),
}

const FACTS: [(&str, About); 5] = [
    ("segment", About::Segment),
    ("site", About::Site),
    ("role", About::Role),
    ("enrolled", About::Enrolled),
    ("completed", About::Completed),
];

/// What stands before the name of a fact where an attribute has that name.
const FACT: &str = "fact:";
const GROUP: &str = "group:";
const ACCOUNT: [(&str, Field); 2] =
    [("account.key", Field::AccountKey), ("account.created", Field::AccountCreated)];
/// A field of a course.
type OfCourse = fn(CourseId) -> Field;
/// What stands before the key of a course.
const OF_COURSE: [(&str, OfCourse); 3] =
    [("score:", Field::Score), ("completed_on:", Field::Completed), ("due_on:", Field::Due)];

impl About {
    fn named(self) -> Named {
        match self {
            Self::Segment => Named::Segment,
            Self::Site => Named::Site,
            Self::Role => Named::Role,
            Self::Enrolled | Self::Completed => Named::Course,
            Self::Group(course) => Named::Group(course),
        }
    }

    /// That the fact holds, of what has this key.
    pub(super) fn of(self, key: &str, place: &Place, names: &dyn Names) -> Result<Rule, RuleError> {
        let id = find(self.named(), key, place, names)?;
        Ok(match self {
            Self::Segment => Rule::Is(Fact::Segment(SegmentId(id))),
            Self::Site => Rule::Is(Fact::Site(SiteId(id))),
            Self::Role => Rule::Is(Fact::Role(RoleId(id))),
            Self::Enrolled => Rule::Is(Fact::Enrolled(CourseId(id))),
            Self::Completed => Rule::Has(Field::Completed(CourseId(id))),
            Self::Group(course) => Rule::Is(Fact::Group(course, GroupId(id))),
        })
    }

    /// What a rule says that can be said with a fact as its field, and the key of what it is about.
    pub(super) fn said_by(
        rule: &Rule,
        place: &Place,
        names: &dyn Names,
    ) -> Result<Option<(Self, String)>, RuleError> {
        let (about, id) = match rule {
            Rule::Is(Fact::Segment(id)) => (Self::Segment, id.0),
            Rule::Is(Fact::Site(id)) => (Self::Site, id.0),
            Rule::Is(Fact::Role(id)) => (Self::Role, id.0),
            Rule::Is(Fact::Enrolled(id)) | Rule::Has(Field::Completed(id)) => match rule {
                Rule::Is(_) => (Self::Enrolled, id.0),
                _ => (Self::Completed, id.0),
            },
            Rule::Is(Fact::Group(course, id)) => (Self::Group(*course), id.0),
            _ => return Ok(None),
        };
        Ok(Some((about, key(about.named(), id, place, names)?)))
    }

    /// The name of the field.
    pub(super) fn name(self, place: &Place, names: &dyn Names) -> Result<String, RuleError> {
        if let Self::Group(course) = self {
            return Ok(format!("{GROUP}{}", key(Named::Course, course.0, place, names)?));
        }
        let name = FACTS.iter().find(|(_, about)| *about == self).map_or("", |(name, _)| name);
        let taken = names.schema().find(name).is_some();
        Ok(format!("{}{name}", if taken { FACT } else { "" }))
    }
}

/// What a field's name stands for. An attribute comes first.
pub(super) fn subject<'n>(name: &str, place: &Place, names: &'n dyn Names) -> Result<Subject<'n>, RuleError> {
    let schema = names.schema();
    let fact = |name: &str| FACTS.iter().find(|(known, _)| *known == name).map(|(_, about)| *about);
    let account = || ACCOUNT.iter().find(|(known, _)| *known == name).map(|(_, field)| *field);
    let field = if let Some(attribute) = schema.find(name) {
        Field::Attribute(attribute.id)
    } else if let Some(about) = fact(name).or_else(|| fact(name.strip_prefix(FACT)?)) {
        return Ok(Subject::Fact(about));
    } else if let Some(field) = account() {
        field
    } else if let Some(course) = name.strip_prefix(GROUP) {
        return Ok(Subject::Fact(About::Group(CourseId(find(Named::Course, course, place, names)?))));
    } else {
        let of_course = OF_COURSE.iter().find_map(|(before, of)| Some((of, name.strip_prefix(before)?)));
        let Some((of, course)) = of_course else { return Err(unknown(name, place, names)) };
        of(CourseId(find(Named::Course, course, place, names)?))
    };
    field.kind(schema).map(|kind| Subject::Field(field, kind)).ok_or_else(|| unknown(name, place, names))
}

/// The name of the field that a rule is about.
pub(super) fn field_name(field: Field, place: &Place, names: &dyn Names) -> Result<String, RuleError> {
    if let Field::Attribute(id) = field {
        return attribute_key(id, place, names);
    }
    let (Field::Completed(course) | Field::Score(course) | Field::Due(course)) = field else {
        return Ok(ACCOUNT.iter().find(|(_, known)| *known == field).map_or("", |(name, _)| name).into());
    };
    let before = OF_COURSE.iter().find(|(_, of)| of(course) == field).map_or("", |(before, _)| before);
    Ok(format!("{before}{}", key(Named::Course, course.0, place, names)?))
}

/// The key of an attribute.
pub(super) fn attribute_key(id: AttributeId, place: &Place, names: &dyn Names) -> Result<String, RuleError> {
    names.schema().get(id).map(|attribute| attribute.key.clone()).ok_or_else(|| {
        let message = format!("unknown attribute {}", id.0);
        place.error(RuleErrorKind::UnknownAttribute, message).finding(id.0.to_string())
    })
}

fn unknown(name: &str, place: &Place, names: &dyn Names) -> RuleError {
    let keys = names.schema().live().map(|attribute| attribute.key.as_str());
    let others = FACTS.iter().map(|(name, _)| *name).chain(ACCOUNT.iter().map(|(name, _)| *name));
    let meant = nearest(name.strip_prefix("user.").unwrap_or(name), keys.chain(others));
    let error = place.error(RuleErrorKind::UnknownAttribute, format!("unknown field {}", quoted(name)));
    error.finding(quoted(name)).near(meant)
}

/// The id of what has this key.
fn find(what: Named, key: &str, place: &Place, names: &dyn Names) -> Result<u32, RuleError> {
    resolve(names, what, key).map_err(|error| place.of(error))
}

/// The key of what has this id.
pub(super) fn key(what: Named, id: u32, place: &Place, names: &dyn Names) -> Result<String, RuleError> {
    names.key(what, id).map(Into::into).ok_or_else(|| place.of(what.unknown(&id.to_string())))
}
