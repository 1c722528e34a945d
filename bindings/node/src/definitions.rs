//! What administrators define, both ways: what a transaction is given, and what a snapshot shows of it. Not here: rules
//! and their notations (`rule`).

use matricula::{
    AttributeDefinition, AttributeType, EnrolmentRuleDefinition, Error, ErrorKind, GuardDefinition,
    OptionDefinition, RecordUpdate, SegmentDefinition, Sensitivity, SiteId, rule,
};
use napi_derive::napi;

use crate::convert::{instant, millis, not_a_word, place, whole};
use crate::due::{Due, due, shown};
use crate::error::Answer;
use crate::rule::RuleArguments;
use crate::snapshot::Snapshot;
use crate::state::Work;
use crate::value::{Value, about_days, input, output, score};

const SENSITIVITIES: [(&str, Sensitivity); 4] = [
    ("public", Sensitivity::Public),
    ("internal", Sensitivity::Internal),
    ("personal", Sensitivity::Personal),
    ("sensitive", Sensitivity::Sensitive),
];

/// An option of a choice to be.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct OptionArguments {
    /// The key.
    pub key: String,
    /// The name for people.
    pub name: Option<String>,
    /// Whether nobody can be given it any longer.
    pub retired: bool,
    /// The key that it had before.
    pub was: Option<String>,
}

/// An attribute to be.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct AttributeArguments {
    /// The key.
    pub key: String,
    /// The type.
    #[napi(js_name = "type")]
    pub kind: String,
    /// The name for people.
    pub name: Option<String>,
    /// What it means.
    pub help: Option<String>,
    /// The options of a choice.
    pub options: Option<Vec<OptionArguments>>,
    /// The key of its site.
    pub site: Option<String>,
    /// Whether everybody must have a value.
    pub required: bool,
    /// Whether no two people may have the same value.
    pub unique: bool,
    /// Whether it is compared without regard to case.
    pub ignore_case: bool,
    /// A pattern that every value matches.
    pub pattern: Option<String>,
    /// The least value.
    #[napi(ts_type = "string | number | boolean | Array<string> | Moment | null")]
    pub minimum: Option<Value>,
    /// The greatest value.
    #[napi(ts_type = "string | number | boolean | Array<string> | Moment | null")]
    pub maximum: Option<Value>,
    /// The value of somebody new.
    #[napi(ts_type = "string | number | boolean | Array<string> | Moment | null")]
    pub default: Option<Value>,
    /// How much care values need.
    pub sensitivity: String,
    /// Whether people may change their own value.
    pub self_writable: bool,
}

impl AttributeArguments {
    pub(crate) fn into_definition(self) -> Answer<AttributeDefinition> {
        let key = self.key.clone();
        self.definition().map_err(|error| error.within(place("attribute", &key)))
    }

    fn definition(self) -> Answer<AttributeDefinition> {
        let option = |option: OptionArguments| OptionDefinition {
            key: option.key,
            name: option.name,
            retired: option.retired,
            was: option.was,
        };
        let options = self.options.map(|options| options.into_iter().map(option).collect());
        let value = |value: Option<Value>| value.map(|value| input(&self.key, value)).transpose();
        let (minimum, maximum, default) = (value(self.minimum)?, value(self.maximum)?, value(self.default)?);
        let sensitivity = SENSITIVITIES.iter().find(|(word, _)| *word == self.sensitivity);
        let (_, sensitivity) = sensitivity.ok_or_else(|| {
            not_a_word("sensitivity", &self.sensitivity, &SENSITIVITIES.map(|(word, _)| word))
        })?;
        Ok(AttributeDefinition {
            kind: AttributeType::named(&self.kind, options)?,
            name: self.name,
            help: self.help,
            site: self.site,
            required: self.required,
            unique: self.unique,
            ignore_case: self.ignore_case,
            pattern: self.pattern,
            minimum,
            maximum,
            default,
            sensitivity: *sensitivity,
            self_writable: self.self_writable,
            key: self.key,
        })
    }
}

/// Applies the definition of an attribute.
pub(crate) fn define_attribute(transaction: &mut Work, definition: AttributeDefinition) -> Answer<()> {
    let key = definition.key.clone();
    transaction.apply(definition).map_err(|error| about_days(error, [key.as_str()]))
}

/// A segment to be.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct SegmentArguments {
    /// The key.
    pub key: String,
    /// The rule.
    pub rule: RuleArguments,
    /// The name for people.
    pub name: Option<String>,
    /// The key of its site.
    pub site: Option<String>,
    /// Whether it selects.
    pub state: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether stores keep a row for each member.
    pub sql_rows: Option<bool>,
}

impl SegmentArguments {
    pub(crate) fn into_definition(self) -> Answer<SegmentDefinition> {
        let within = |error: matricula::Error| error.within(place("segment", &self.key));
        Ok(SegmentDefinition {
            rule: self.rule.into_source().map_err(within)?,
            state: self.state.map(|word| word.parse()).transpose().map_err(within)?,
            name: self.name,
            site: self.site,
            owner: self.owner,
            description: self.description,
            sql_rows: self.sql_rows,
            key: self.key,
        })
    }
}

/// An enrolment rule to be.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct EnrolmentRuleArguments {
    /// The key.
    pub key: String,
    /// The name for people.
    pub name: Option<String>,
    /// The key of the segment.
    pub segment: String,
    /// The keys of the courses.
    pub courses: Vec<String>,
    /// What happens on leaving.
    pub on_leave: String,
    /// Whether it acts.
    pub enabled: bool,
    /// The key of the role.
    pub role: String,
    /// From when on it acts, in milliseconds.
    pub from: Option<f64>,
    /// From when on it no longer acts, in milliseconds.
    pub until: Option<f64>,
    /// When people are to be done.
    #[napi(ts_type = "number | string | null")]
    pub due: Option<Due>,
}

impl EnrolmentRuleArguments {
    pub(crate) fn into_definition(self) -> Answer<EnrolmentRuleDefinition> {
        let Self { key, name, segment, courses, on_leave, enabled, role, from, until, due } = self;
        let on_leave = on_leave.parse()?;
        let (from, until) = (from.map(instant).transpose()?, until.map(instant).transpose()?);
        let due = self::due(due).map_err(|error| error.within(place("enrolment rule", &key)))?;
        let rule = EnrolmentRuleDefinition::new(key, segment, courses, on_leave);
        Ok(EnrolmentRuleDefinition { name, enabled, role, from, until, due, ..rule })
    }
}

/// What is recorded of a person in a course. `null` takes back, and what is not given is left.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct RecordArguments {
    /// The user's key.
    pub user: String,
    /// The course's key.
    pub course: String,
    /// Whether a completion is given.
    pub gives_completed: bool,
    /// When it was completed, in milliseconds.
    pub completed: Option<f64>,
    /// Whether a score is given.
    pub gives_score: bool,
    /// The score.
    #[napi(ts_type = "string | number | null")]
    pub score: Option<Value>,
}

impl RecordArguments {
    pub(crate) fn into_update(self) -> Answer<RecordUpdate> {
        let completed = self.completed.map(instant).transpose()?;
        let score = self.score.map(score).transpose()?;
        Ok(RecordUpdate {
            user: self.user,
            course: self.course,
            completed: self.gives_completed.then_some(completed),
            score: self.gives_score.then_some(score),
        })
    }
}

/// A site.
#[napi(object, object_from_js = false)]
pub struct Site {
    /// The key.
    pub key: String,
    /// The name for people.
    pub name: String,
    /// The zone of its calendar.
    pub zone: &'static str,
    /// Whether its memberships count as inactive.
    pub closed: bool,
}

/// An option of a choice.
#[napi(object, object_from_js = false)]
pub struct AttributeOption {
    /// The key.
    pub key: String,
    /// The name for people.
    pub name: String,
    /// Whether nobody can be given it any longer.
    pub retired: bool,
}

/// An attribute.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct Attribute {
    /// The key.
    pub key: String,
    /// The type.
    #[napi(js_name = "type", ts_type = "import('./index.js').AttributeType")]
    pub kind: &'static str,
    /// The name for people.
    pub name: String,
    /// What it means.
    pub help: Option<String>,
    /// The options of a choice.
    pub options: Option<Vec<AttributeOption>>,
    /// The key of its site.
    pub site: Option<String>,
    /// Whether everybody must have a value.
    pub required: bool,
    /// Whether no two people may have the same value.
    pub unique: bool,
    /// Whether it is compared without regard to case.
    pub ignore_case: bool,
    /// A pattern that every value matches.
    pub pattern: Option<String>,
    /// The least value.
    #[napi(ts_type = "string | number | boolean | Array<string> | Moment | null")]
    pub minimum: Option<Value>,
    /// The greatest value.
    #[napi(ts_type = "string | number | boolean | Array<string> | Moment | null")]
    pub maximum: Option<Value>,
    /// The value of somebody new.
    #[napi(ts_type = "string | number | boolean | Array<string> | Moment | null")]
    pub default: Option<Value>,
    /// How much care values need.
    #[napi(ts_type = "import('./index.js').Sensitivity")]
    pub sensitivity: &'static str,
    /// Whether people may change their own value.
    pub self_writable: bool,
}

/// A course.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct Course {
    /// The key.
    pub key: String,
    /// The name for people.
    pub name: String,
    /// The key of its site.
    pub site: String,
    /// The key of its category.
    pub category: Option<String>,
    /// Whether rules bring nobody and let nobody go.
    pub archived: bool,
}

/// A segment.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct Segment {
    /// The key.
    pub key: String,
    /// The name for people.
    pub name: String,
    /// The key of its site.
    pub site: Option<String>,
    /// The rule as text.
    pub rule: Option<String>,
    /// The rule in English.
    pub english: Option<String>,
    /// Whether it selects.
    #[napi(ts_type = "import('./index.js').SegmentState")]
    pub state: &'static str,
    /// Who answers for it.
    pub owner: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether stores keep a row for each member.
    pub sql_rows: bool,
}

/// An enrolment rule.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct EnrolmentRule {
    /// The key.
    pub key: String,
    /// The name for people.
    pub name: String,
    /// The key of the segment.
    pub segment: String,
    /// The keys of the courses.
    pub courses: Vec<String>,
    /// What happens on leaving.
    #[napi(ts_type = "'keep' | 'suspend' | 'unenrol'")]
    pub on_leave: &'static str,
    /// Whether it acts.
    pub enabled: bool,
    /// The key of the role.
    pub role: String,
    /// From when on it acts, in milliseconds.
    pub from: Option<f64>,
    /// From when on it no longer acts, in milliseconds.
    pub until: Option<f64>,
    /// When people are to be done.
    #[napi(ts_type = "number | string | null")]
    pub due: Option<Due>,
}

#[napi]
impl Snapshot {
    /// The sites, the primary one first.
    #[napi(catch_unwind)]
    pub fn sites(&self) -> Vec<Site> {
        let site = |site: &matricula::Site| Site {
            key: site.key.clone(),
            name: site.name.clone(),
            zone: site.zone.name(),
            closed: site.closed,
        };
        self.snapshot.sites().map(site).collect()
    }

    /// The attributes, in order of definition.
    #[napi(catch_unwind)]
    pub fn attributes(&self) -> Vec<Attribute> {
        self.snapshot.schema().live().map(|attribute| self.attribute(attribute)).collect()
    }

    /// The courses, in order of definition.
    #[napi(catch_unwind)]
    pub fn courses(&self) -> Vec<Course> {
        let keys: Vec<&str> = self.snapshot.categories().map(|category| category.key.as_str()).collect();
        let course = |course: &matricula::Course| Course {
            key: course.key.clone(),
            name: course.name.clone(),
            site: self.site_key(course.site),
            category: course.category.and_then(|id| keys.get(id.0 as usize)).map(|key| (*key).to_owned()),
            archived: course.archived,
        };
        self.snapshot.courses().map(course).collect()
    }

    /// The segments, in order of definition.
    #[napi(catch_unwind)]
    pub fn segments(&self) -> Vec<Segment> {
        let segment = |segment: &matricula::Segment| Segment {
            key: segment.key.clone(),
            name: segment.name.clone(),
            site: segment.site.map(|site| self.site_key(site)),
            rule: segment.rule.as_ref().map(|rule| rule::print(rule, &self.snapshot)),
            english: segment.rule.as_ref().map(|rule| rule::describe(rule, &self.snapshot)),
            state: segment.state.name(),
            owner: segment.owner.clone(),
            description: segment.description.clone(),
            sql_rows: segment.sql_rows,
        };
        self.snapshot.segments().map(segment).collect()
    }

    /// The enrolment rules, in order of definition.
    #[napi(catch_unwind)]
    pub fn enrolment_rules(&self) -> Vec<EnrolmentRule> {
        let segment_key =
            |id| self.snapshot.segment(id).map(|segment| segment.key.clone()).unwrap_or_default();
        let rule = |rule: &matricula::EnrolmentRule| EnrolmentRule {
            key: rule.key.clone(),
            name: rule.name.clone(),
            segment: segment_key(rule.segment),
            courses: rule.courses.iter().map(|course| self.course_key(*course)).collect(),
            on_leave: rule.on_leave.name(),
            enabled: rule.enabled,
            role: rule.role.clone(),
            from: rule.from.map(millis),
            until: rule.until.map(millis),
            due: rule.due.map(shown),
        };
        self.snapshot.enrolment_rules().map(rule).collect()
    }
}

impl Snapshot {
    pub(crate) fn site_key(&self, id: SiteId) -> String {
        self.snapshot.site(id).map(|site| site.key.clone()).unwrap_or_default()
    }

    pub(crate) fn course_key(&self, id: matricula::CourseId) -> String {
        self.snapshot.course(id).map(|course| course.key.clone()).unwrap_or_default()
    }

    fn attribute(&self, attribute: &rule::Attribute) -> Attribute {
        let option = |option: &rule::Choice| AttributeOption {
            key: option.key.clone(),
            name: option.name.as_ref().unwrap_or(&option.key).clone(),
            retired: option.retired,
        };
        let value = |value: &Option<rule::Value>| {
            value.as_ref().map(|value| output(&self.snapshot, attribute, value))
        };
        let sensitivity = SENSITIVITIES.iter().find(|(_, sensitivity)| *sensitivity == attribute.sensitivity);
        Attribute {
            key: attribute.key.clone(),
            kind: attribute.kind.name(),
            name: attribute.name.as_ref().unwrap_or(&attribute.key).clone(),
            help: attribute.help.clone(),
            options: attribute.kind.options().map(|options| options.iter().map(option).collect()),
            site: attribute.site.map(|site| self.site_key(site)),
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
}

/// What is to become of the guard.
pub(crate) fn guard(
    percent: Option<f64>,
    count: Option<f64>,
    enabled: Option<bool>,
) -> Answer<GuardDefinition> {
    let percent = percent.map(|percent| {
        u8::try_from(whole("percent", percent)?).map_err(|_| {
            let message = format!("guard: {percent} percent, expected at most 100");
            Error::new(ErrorKind::InvalidDefinition, message)
        })
    });
    let count = count.map(|count| whole("count", count));
    Ok(GuardDefinition { percent: percent.transpose()?, count: count.transpose()?, enabled })
}
