//! What administrators define, both ways: what a transaction is given, and what a snapshot shows of it. Not here:
//! rules and their notations (`rule`), people (`snapshot`).

use matricula::rule::{self, Choice};
use matricula::{AttributeDefinition, AttributeType, CourseId, OptionDefinition, Sensitivity, SiteId};
use pyo3::exceptions::{PyKeyError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyMapping, PySequence, PyString};

use crate::convert::{When, items, not_a_word, record, text, type_name};
use crate::due::Due;
use crate::error::Outcome;
use crate::value::{Plain, input, plain, within};

record! {
    /// A site: an instance with its own members, courses and calendar.
    Site {
        /// The key.
        key: String,
        /// The name for people.
        name: String,
        /// The name of the time zone whose calendar days count here.
        zone: String,
        /// Whether its memberships count as inactive, until it is reopened.
        closed: bool,
    }
}

record! {
    /// An option of a choice or multi-choice attribute.
    AttributeOption {
        /// The key: the word that data and rules use.
        key: String,
        /// The name for people.
        name: String,
        /// Whether nobody can be given it any longer.
        retired: bool,
    }
}

record! {
    /// A typed field of a person's profile.
    Attribute {
        /// The key: `department` in `user.department`.
        key: String,
        /// The type.
        r#type: &'static str,
        /// The options of a choice or multi-choice; `None` of any other type.
        options: Option<Vec<AttributeOption>>,
        /// The name for people.
        name: String,
        /// What it means, for people who fill it in.
        help: Option<String>,
        /// The key of the site whose administrators define it; `None` for the whole registry.
        site: Option<String>,
        /// Whether everybody must have a value.
        required: bool,
        /// Whether no two people may have the same value.
        unique: bool,
        /// Of text: whether it is compared without regard to case.
        ignore_case: bool,
        /// Of text: a pattern that every value matches.
        pattern: Option<String>,
        /// Of numbers, dates and timestamps: the least value allowed.
        minimum: Option<Plain>,
        /// Of numbers, dates and timestamps: the greatest value allowed.
        maximum: Option<Plain>,
        /// The value that a person created without one is given.
        default: Option<Plain>,
        /// How much care the values need.
        sensitivity: &'static str,
        /// Whether people may change their own value.
        self_writable: bool,
    }
}

record! {
    /// A course of a site.
    Course {
        /// The key.
        key: String,
        /// The name for people.
        name: String,
        /// The key of its site.
        site: String,
        /// The key of the category that it lies in; `None` if it lies directly in its site.
        category: Option<String>,
        /// Whether rules bring nobody and let nobody go, until it is restored.
        archived: bool,
    }
}

record! {
    /// People selected by a rule or by hand.
    Segment {
        /// The key.
        key: String,
        /// The name for people.
        name: String,
        /// The key of the site among whose members it selects; `None` for those of any site.
        site: Option<String>,
        /// The rule, as text; `None` where members are put in by hand.
        rule: Option<String>,
        /// The rule in English; `None` where members are put in by hand.
        english: Option<String>,
        /// Whether it selects.
        state: &'static str,
        /// Who answers for it, in the host's words.
        owner: Option<String>,
        /// What it is for.
        description: Option<String>,
        /// Whether stores that people read with SQL keep a row for each member.
        sql_rows: bool,
    }
}

record! {
    /// Members of a segment are enrolled in courses.
    EnrolmentRule {
        /// The key.
        key: String,
        /// The name for people.
        name: String,
        /// The key of the segment.
        segment: String,
        /// The keys of the courses.
        courses: Vec<String>,
        /// What happens on leaving the segment.
        on_leave: &'static str,
        /// Whether it acts.
        enabled: bool,
        /// The key of the role that people are enrolled as.
        role: String,
        /// The instant from which on it acts, in UTC; `None` for always.
        from_: Option<When>,
        /// The instant from which on it no longer acts, in UTC; `None` for never.
        until: Option<When>,
        /// When people are to be done; `None` for no day.
        due: Option<Due>,
    }
}

const SENSITIVITIES: [(&str, Sensitivity); 4] = [
    ("public", Sensitivity::Public),
    ("internal", Sensitivity::Internal),
    ("personal", Sensitivity::Personal),
    ("sensitive", Sensitivity::Sensitive),
];

pub(crate) fn sensitivity(word: &str) -> Result<Sensitivity, matricula::Error> {
    let found = SENSITIVITIES.iter().find(|(known, _)| *known == word);
    let (_, sensitivity) =
        found.ok_or_else(|| not_a_word("sensitivity", word, &SENSITIVITIES.map(|(word, _)| word)))?;
    Ok(*sensitivity)
}

/// What is asked of the values of an attribute, apart from its type.
pub(crate) struct Demands<'a, 'py> {
    pub(crate) options: Option<&'a Bound<'py, PyAny>>,
    pub(crate) minimum: Option<&'a Bound<'py, PyAny>>,
    pub(crate) maximum: Option<&'a Bound<'py, PyAny>>,
    pub(crate) default: Option<&'a Bound<'py, PyAny>>,
    pub(crate) sensitivity: &'a str,
}

impl Demands<'_, '_> {
    /// An attribute of this key and type with them.
    pub(crate) fn definition(&self, key: String, kind: &str) -> Outcome<AttributeDefinition> {
        let options = self.options.map(read_options).transpose()?;
        let value = |what: &str, value: Option<&Bound<'_, PyAny>>| {
            let value = value.map(|value| input(what, value)).transpose();
            value.map(Option::flatten).map_err(|error| within(error, "attribute", &key))
        };
        let (minimum, maximum) = (value("minimum", self.minimum)?, value("maximum", self.maximum)?);
        let default = value("default", self.default)?;
        let kind =
            AttributeType::named(kind, options).map_err(|error| within(error.into(), "attribute", &key))?;
        let sensitivity =
            sensitivity(self.sensitivity).map_err(|error| within(error.into(), "attribute", &key))?;
        Ok(AttributeDefinition {
            minimum,
            maximum,
            default,
            sensitivity,
            ..AttributeDefinition::new(key, kind)
        })
    }
}

/// Reads options: their keys, mappings of all there is to say, or the records of a snapshot.
fn read_options(sequence: &Bound<'_, PyAny>) -> PyResult<Vec<OptionDefinition>> {
    if sequence.is_instance_of::<PyString>() || sequence.cast::<PySequence>().is_err() {
        let found = type_name(sequence);
        return Err(PyTypeError::new_err(format!(
            "`options`: expected a sequence of options, found {found}"
        )));
    }
    sequence.try_iter()?.map(|item| read_option(&item?)).collect()
}

fn read_option(item: &Bound<'_, PyAny>) -> PyResult<OptionDefinition> {
    if let Ok(key) = item.cast::<PyString>() {
        return Ok(OptionDefinition::new(key.extract::<String>()?));
    }
    if let Ok(option) = item.cast::<AttributeOption>() {
        let AttributeOption { key, name, retired } = option.get().clone();
        // The record has the key as the name of an option that has none.
        let name = Some(name).filter(|name| *name != key);
        return Ok(OptionDefinition { name, retired, ..OptionDefinition::new(key) });
    }
    if item.cast::<PyMapping>().is_err() {
        let found = type_name(item);
        let message =
            format!("`options`: expected items of type str, mapping or AttributeOption, found {found}");
        return Err(PyTypeError::new_err(message));
    }
    let (mut option, mut key) = (OptionDefinition::default(), None);
    for (part, value) in items("options", item)? {
        match part.as_str() {
            "key" => key = Some(text("options", "`key`", &value)?),
            "name" | "was" if value.is_none() => {}
            "name" => option.name = Some(text("options", "`name`", &value)?),
            "was" => option.was = Some(text("options", "`was`", &value)?),
            "retired" => option.retired = truth(&value)?,
            _ => {
                let part = part.escape_debug();
                let message = format!("`options`: unexpected `{part}`, expected key, name, retired and was");
                return Err(PyTypeError::new_err(message));
            }
        }
    }
    option.key = key.ok_or_else(|| PyKeyError::new_err("`options`: an option without `key`"))?;
    Ok(option)
}

fn truth(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    let Ok(truth) = value.cast::<PyBool>() else {
        let found = type_name(value);
        return Err(PyTypeError::new_err(format!(
            "`options`: expected `retired` of type bool, found {found}"
        )));
    };
    Ok(truth.is_true())
}

/// The sites, the primary one first.
pub(crate) fn sites(snapshot: &matricula::Snapshot) -> Vec<Site> {
    let site = |site: &matricula::Site| Site {
        key: site.key.clone(),
        name: site.name.clone(),
        zone: site.zone.name().to_owned(),
        closed: site.closed,
    };
    snapshot.sites().map(site).collect()
}

/// The attributes, in order of definition.
pub(crate) fn attributes(snapshot: &matricula::Snapshot) -> Vec<Attribute> {
    snapshot.schema().live().map(|each| attribute(snapshot, each)).collect()
}

fn attribute(snapshot: &matricula::Snapshot, attribute: &rule::Attribute) -> Attribute {
    let option = |option: &Choice| AttributeOption {
        key: option.key.clone(),
        name: option.name.as_ref().unwrap_or(&option.key).clone(),
        retired: option.retired,
    };
    let value = |value: &Option<rule::Value>| value.as_ref().map(|value| plain(snapshot, attribute, value));
    let sensitivity = SENSITIVITIES.iter().find(|(_, known)| *known == attribute.sensitivity);
    Attribute {
        key: attribute.key.clone(),
        r#type: attribute.kind.name(),
        options: attribute.kind.options().map(|options| options.iter().map(option).collect()),
        name: attribute.name.as_ref().unwrap_or(&attribute.key).clone(),
        help: attribute.help.clone(),
        site: attribute.site.map(|site| site_key(snapshot, site)),
        required: attribute.required,
        unique: attribute.unique,
        ignore_case: attribute.ignore_case,
        pattern: attribute.pattern.clone(),
        minimum: value(&attribute.minimum),
        maximum: value(&attribute.maximum),
        default: value(&attribute.default),
        sensitivity: sensitivity.map_or("", |(word, _)| word),
        self_writable: attribute.self_writable,
    }
}

/// The courses, in order of definition.
pub(crate) fn courses(snapshot: &matricula::Snapshot) -> Vec<Course> {
    let keys: Vec<&str> = snapshot.categories().map(|category| category.key.as_str()).collect();
    let course = |course: &matricula::Course| Course {
        key: course.key.clone(),
        name: course.name.clone(),
        site: site_key(snapshot, course.site),
        category: course.category.and_then(|id| keys.get(id.0 as usize)).map(|key| (*key).to_owned()),
        archived: course.archived,
    };
    snapshot.courses().map(course).collect()
}

/// The segments, in order of definition.
pub(crate) fn segments(snapshot: &matricula::Snapshot) -> Vec<Segment> {
    let segment = |segment: &matricula::Segment| Segment {
        key: segment.key.clone(),
        name: segment.name.clone(),
        site: segment.site.map(|site| site_key(snapshot, site)),
        rule: segment.rule.as_ref().map(|rule| rule::print(rule, snapshot)),
        english: segment.rule.as_ref().map(|rule| rule::describe(rule, snapshot)),
        state: segment.state.name(),
        owner: segment.owner.clone(),
        description: segment.description.clone(),
        sql_rows: segment.sql_rows,
    };
    snapshot.segments().map(segment).collect()
}

/// The enrolment rules, in order of definition.
pub(crate) fn enrolment_rules(snapshot: &matricula::Snapshot) -> Vec<EnrolmentRule> {
    let rule = |rule: &matricula::EnrolmentRule| EnrolmentRule {
        key: rule.key.clone(),
        name: rule.name.clone(),
        segment: snapshot.segment(rule.segment).map(|segment| segment.key.clone()).unwrap_or_default(),
        courses: rule.courses.iter().map(|course| course_key(snapshot, *course)).collect(),
        on_leave: rule.on_leave.name(),
        enabled: rule.enabled,
        role: rule.role.clone(),
        from_: rule.from.map(When),
        until: rule.until.map(When),
        due: rule.due.map(Due::from),
    };
    snapshot.enrolment_rules().map(rule).collect()
}

fn site_key(snapshot: &matricula::Snapshot, site: SiteId) -> String {
    snapshot.site(site).map(|site| site.key.clone()).unwrap_or_default()
}

pub(crate) fn course_key(snapshot: &matricula::Snapshot, course: CourseId) -> String {
    snapshot.course(course).map(|course| course.key.clone()).unwrap_or_default()
}
