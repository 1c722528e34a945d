//! The rule's text, run by the `cel` crate. Where the language of rules is more than CEL, an adapter says how: here, and
//! nowhere else, so that it can be read as the list of differences.
//!
//! - A missing value is a missing key, whose error is taken for "unknown"; CEL's `&&` and `||` absorb errors just as
//!   Kleene's and and or do.
//! - Days are numbers of days, instants are milliseconds: `date`, `timestamp`, `today` and `days` are functions and a
//!   variable. What only the library can say (months that end early, local midnights) is put into the rule as a
//!   constant before it is printed; so is what ignores case, folded.
//! - What is never unknown is asked for first: `completed("c") && completedOn("c") == ...`.
//! - A multi-choice is a list, empty if there is none, so `has` of it asks for its size.
//! - Other methods and functions are registered. Decimals are doubles; a rule with more digits than a double has is
//!   asked in millionths, which are integers.

use std::collections::HashMap;
use std::sync::Arc;

use cel::extractors::This;
use cel::{Context, Env, ExecutionError, Value as Cell};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use matricula_rule::{
    Comparison, CourseId, Decimal, Fact, Field, Glob, GroupId, Kind, Named, Names, Offset, Operand, Person,
    RoleId, Rule, SegmentId, SiteId, Truth, Unit, UserId, Value, fold, is_under, path, print,
};

use crate::company::Company;
use crate::compare::{Tally, report};

/// A company as CEL knows it: the variables and functions for each person.
pub struct Cel<'a> {
    company: &'a Company,
    env: Arc<Env>,
    /// With decimals as doubles, and as millionths.
    people: Vec<[Context<'static, 'static>; 2]>,
}

type Text = Arc<String>;

impl<'a> Cel<'a> {
    /// The first so many people of a company.
    pub fn new(company: &'a Company, people: usize) -> Self {
        let env = Arc::new(Env::stdlib());
        let shared = Arc::new(company.clone());
        let people = people.min(company.people.len());
        let both = |at| [false, true].map(|whole| person(&env, &shared, UserId::at(at), whole));
        let people = (0..people).map(both).collect();
        Self { company, env, people }
    }

    /// Runs a rule for each person.
    ///
    /// # Errors
    /// A report, if CEL says otherwise than the library.
    pub fn ask(&self, rule: &Rule, truths: &[Truth]) -> Result<Tally, String> {
        let doubles = adapted(rule, self.company, false);
        let whole = doubles.is_none();
        let Some(said) = doubles.or_else(|| adapted(rule, self.company, true)) else {
            return Ok(Tally { skipped: 1, ..Tally::default() });
        };
        let text = print(&said, self.company);
        // A macro of CEL for keys of maps alone.
        let mut text = text.replace("has(score(", "(hasScore(").replace("has(dueOn(", "(hasDue(");
        // A method sees the manager, and not by which attribute.
        for attribute in self.company.schema.attributes().iter().filter(|other| other.kind == Kind::User) {
            let call = format!("user.{}.reportsTo(", attribute.key);
            text = text.replace(&call, &format!("{call}\"{}\", ", attribute.key));
        }
        let fail = |person: Option<u32>, message: String| {
            Err(report("cel", self.company, rule, &text, person, &message))
        };
        let program = match self.env.compile(&text) {
            Ok(program) => program,
            Err(error) => return fail(None, error.to_string()),
        };
        for ((context, expected), id) in self.people.iter().zip(truths).zip(0..) {
            let [doubles, millionths] = context;
            let (found, why) = match program.execute(if whole { millionths } else { doubles }) {
                Ok(Cell::Bool(true)) => (Truth::True, String::new()),
                Ok(Cell::Bool(false)) => (Truth::False, String::new()),
                Ok(other) => return fail(Some(id), format!("{other:?}")),
                Err(error @ (ExecutionError::NoSuchKey(_) | ExecutionError::FunctionError { .. })) => {
                    (Truth::Unknown, format!(" ({error})"))
                }
                Err(error) => return fail(Some(id), error.to_string()),
            };
            if found != *expected {
                return fail(Some(id), format!("it is {found:?}{why}, the library says {expected:?}"));
            }
        }
        Ok(Tally { asked: 1, skipped: 0, answers: self.people.len() })
    }
}

fn unknown(function: &str) -> ExecutionError {
    ExecutionError::function_error(function, "missing")
}

fn days(day: NaiveDate) -> i64 {
    day.num_days_from_ce().into()
}

fn number(decimal: Decimal, whole: bool) -> Cell {
    let millionths = decimal.millionths();
    if whole {
        return Cell::Int(millionths);
    }
    match millionths % 1_000_000 {
        0 => Cell::Int(millionths / 1_000_000),
        _ => Cell::Float(decimal.to_string().parse().unwrap_or(f64::NAN)),
    }
}

/// A value as CEL has it.
fn cell(value: &Value, company: &Company, field: Field, ignore_case: bool, whole: bool) -> Cell {
    let option = |option| {
        let attribute = field.attribute().and_then(|id| company.schema.get(id));
        Cell::from(attribute.and_then(|attribute| attribute.option_key(option)).unwrap_or("<none>"))
    };
    match value {
        Value::Text(text) if ignore_case => Cell::from(&*fold(text)),
        Value::Text(text) | Value::Path(text) => Cell::from(&**text),
        Value::Integer(integer) => Cell::Int(*integer),
        Value::Decimal(decimal) => number(*decimal, whole),
        Value::Boolean(boolean) => Cell::Bool(*boolean),
        Value::Date(day) => Cell::Int(days(*day)),
        Value::Timestamp(at) => Cell::Int(at.timestamp_millis()),
        Value::Choice(id) => option(*id),
        Value::Choices(options) => options.iter().map(|id| option(*id)).collect::<Vec<_>>().into(),
        Value::User(user) => Cell::from(&*company.key(Named::User, user.0).unwrap_or_default()),
    }
}

fn id(company: &Company, what: Named, key: &str) -> u32 {
    company.find(what, key).unwrap_or(u32::MAX)
}

fn options(list: &Cell) -> Vec<Text> {
    let texts = |value: &Cell| if let Cell::String(text) = value { Some(Arc::clone(text)) } else { None };
    if let Cell::List(list) = list { list.iter().filter_map(texts).collect() } else { Vec::new() }
}

fn among(has: &Cell, list: &Cell) -> (usize, usize) {
    let (has, list) = (options(has), options(list));
    (list.iter().filter(|option| has.contains(option)).count(), list.len())
}

fn person(env: &Arc<Env>, company: &Arc<Company>, id_of: UserId, whole: bool) -> Context<'static, 'static> {
    let mut context = Context::with_env(Arc::clone(env));
    let mut user: HashMap<String, Cell> = HashMap::new();
    let person = company.person(id_of);
    for attribute in company.schema.attributes() {
        let field = Field::Attribute(attribute.id);
        if let Some(value) = person.value(field) {
            user.insert(attribute.key.clone(), cell(&value, company, field, attribute.ignore_case, whole));
        } else if matches!(attribute.kind, Kind::MultiChoice { .. }) {
            user.insert(attribute.key.clone(), Vec::<Cell>::new().into());
        }
    }
    let mut account: HashMap<String, Cell> = HashMap::new();
    for (key, field) in [("key", Field::AccountKey), ("created", Field::AccountCreated)] {
        let value = person.value(field).map(|value| cell(&value, company, field, false, whole));
        account.extend(value.map(|value| (key.to_owned(), value)));
    }
    context.add_variable_from_value("user", user);
    context.add_variable_from_value("account", account);
    context.add_variable_from_value("today", days(company.today));
    add_functions(&mut context, company, id_of, whole).expect("no function is named twice");
    context
}

type Added = Result<(), cel::DeclarationError>;

fn add_functions(
    context: &mut Context<'static, 'static>,
    company: &Arc<Company>,
    at: UserId,
    whole: bool,
) -> Added {
    context.add_function("date", |text: Text| {
        text.parse::<NaiveDate>().map(days).map_err(|error| ExecutionError::UnexpectedType {
            got: error.to_string(),
            want: "a day".to_owned(),
        })
    })?;
    context.add_function("timestamp", |text: Text| {
        text.parse::<DateTime<Utc>>().map(|at| at.timestamp_millis()).map_err(|error| {
            ExecutionError::UnexpectedType { got: error.to_string(), want: "an instant".to_owned() }
        })
    })?;
    context.add_function("days", |count: i64| count)?;
    context.add_function("weeks", |count: i64| count * 7)?;
    context.add_function("glob", |This(text): This<Text>, pattern: Text| {
        Glob::new(&pattern).is_ok_and(|glob| glob.matches(&text))
    })?;
    context.add_function("under", |This(text): This<Text>, above: Text| is_under(&text, &above))?;
    context.add_function("below", |This(text): This<Text>, above: Text| {
        is_under(&text, &above) && text != above
    })?;
    context.add_function("between", |This(value): This<Cell>, from: Cell, to: Cell| {
        value.partial_cmp(&from).is_some_and(std::cmp::Ordering::is_ge)
            && value.partial_cmp(&to).is_some_and(std::cmp::Ordering::is_le)
    })?;
    context.add_function("anyOf", |This(has): This<Cell>, of: Cell| among(&has, &of).0 > 0)?;
    context.add_function("noneOf", |This(has): This<Cell>, of: Cell| among(&has, &of).0 == 0)?;
    context.add_function("allOf", |This(has): This<Cell>, of: Cell| {
        let (count, all) = among(&has, &of);
        count == all
    })?;
    context.add_function("atLeast", |This(has): This<Cell>, least: i64, of: Cell| {
        among(&has, &of).0 as i64 >= least
    })?;
    context.add_function("atMost", |This(has): This<Cell>, most: i64, of: Cell| {
        among(&has, &of).0 as i64 <= most
    })?;
    context.add_function("exactly", |This(has): This<Cell>, count: i64, of: Cell| {
        among(&has, &of).0 as i64 == count
    })?;
    add_facts(context, company, at, whole)
}

fn add_facts(
    context: &mut Context<'static, 'static>,
    company: &Arc<Company>,
    at: UserId,
    whole: bool,
) -> Added {
    let is = |what: Named, fact: fn(u32) -> Fact| {
        let company = Arc::clone(company);
        move |key: Text| company.person(at).is(fact(id(&company, what, &key)))
    };
    context.add_function("inSegment", is(Named::Segment, |id| Fact::Segment(SegmentId(id))))?;
    context.add_function("memberOf", is(Named::Site, |id| Fact::Site(SiteId(id))))?;
    context.add_function("hasRole", is(Named::Role, |id| Fact::Role(RoleId(id))))?;
    context.add_function("enrolled", is(Named::Course, |id| Fact::Enrolled(CourseId(id))))?;
    let shared = Arc::clone(company);
    context.add_function("inGroup", move |course: Text, group: Text| {
        let course = CourseId(id(&shared, Named::Course, &course));
        let group = GroupId(id(&shared, Named::Group(course), &group));
        shared.person(at).is(Fact::Group(course, group))
    })?;
    let of_course = |field: fn(CourseId) -> Field, name: &'static str| {
        let company = Arc::clone(company);
        move |course: Text| {
            let field = field(CourseId(id(&company, Named::Course, &course)));
            let value = company.person(at).value(field);
            value.map(|value| cell(&value, &company, field, false, whole)).ok_or_else(|| unknown(name))
        }
    };
    let has = |field: fn(CourseId) -> Field| {
        let company = Arc::clone(company);
        move |course: Text| {
            company.person(at).value(field(CourseId(id(&company, Named::Course, &course)))).is_some()
        }
    };
    context.add_function("score", of_course(Field::Score, "score"))?;
    context.add_function("completedOn", of_course(Field::Completed, "completedOn"))?;
    context.add_function("dueOn", of_course(Field::Due, "dueOn"))?;
    context.add_function("hasScore", has(Field::Score))?;
    context.add_function("completed", has(Field::Completed))?;
    context.add_function("hasDue", has(Field::Due))?;
    let compared = |holds: fn(i64, i64) -> bool| {
        let company = Arc::clone(company);
        move |course: Text, with: i64| {
            let field = Field::Completed(CourseId(id(&company, Named::Course, &course)));
            match company.person(at).value(field) {
                Some(Value::Timestamp(at)) => holds(at.timestamp_millis(), with),
                _ => false,
            }
        }
    };
    context.add_function("completedBefore", compared(|at, with| at < with))?;
    context.add_function("completedAfter", compared(|at, with| at > with))?;
    let within = |past: bool| {
        let company = Arc::clone(company);
        move |value: i64, count: i64, unit: Text| {
            let units = [Unit::Days, Unit::Weeks, Unit::Months, Unit::Years];
            let unit = units.into_iter().find(|other| other.name() == *unit).unwrap_or(Unit::Days);
            let count = i32::try_from(if past { -count } else { count }).unwrap_or(i32::MIN);
            let (end, today) = (days(Offset { count, unit }.from(company.today)), days(company.today));
            (end.min(today)..=end.max(today)).contains(&value)
        }
    };
    let (last, next) = (within(true), within(false));
    context.add_function("withinLast", move |This(value): This<i64>, count: i64, unit: Text| {
        last(value, count, unit)
    })?;
    context.add_function("withinNext", move |This(value): This<i64>, count: i64, unit: Text| {
        next(value, count, unit)
    })?;
    let next = within(false);
    let shared = Arc::clone(company);
    context.add_function("dueWithin", move |course: Text, count: i64, unit: Text| {
        match shared.person(at).value(Field::Due(CourseId(id(&shared, Named::Course, &course)))) {
            Some(Value::Date(day)) => next(days(day), count, unit),
            _ => false,
        }
    })?;
    // From the manager on, whose key is the receiver.
    let shared = Arc::clone(company);
    context.add_function("reportsTo", move |This(manager): This<Text>, attribute: Text, above: Text| {
        let (manager, above) = (id(&shared, Named::User, &manager), id(&shared, Named::User, &above));
        let attribute = shared.schema.find(&attribute).map(|attribute| attribute.id);
        manager == above || attribute.is_some_and(|id| shared.reports_to(UserId(manager), id, UserId(above)))
    })
}

/// The rule with what CEL cannot know put into it; `None` if it has a decimal that a double does not hold and
/// decimals are not `whole`, in millionths.
fn adapted(rule: &Rule, company: &Company, whole: bool) -> Option<Rule> {
    let all =
        |parts: &[Rule]| parts.iter().map(|part| adapted(part, company, whole)).collect::<Option<Vec<_>>>();
    Some(match rule {
        Rule::All(parts) => Rule::All(all(parts)?),
        Rule::Any(parts) => Rule::Any(all(parts)?),
        Rule::Xor(parts) => Rule::Xor(all(parts)?),
        Rule::Not(part) => Rule::Not(Box::new(adapted(part, company, whole)?)),
        Rule::Has(Field::Attribute(attribute)) => {
            match company.schema.get(*attribute).map(|attribute| &attribute.kind) {
                Some(Kind::MultiChoice { .. }) => {
                    Rule::Size { attribute: *attribute, comparison: Comparison::GreaterOrEqual, count: 1 }
                }
                _ => rule.clone(),
            }
        }
        Rule::Compare { field, comparison, with } => {
            let test = Rule::Compare {
                field: *field,
                comparison: *comparison,
                with: operand(with, *field, company, whole)?,
            };
            known(test, *field)
        }
        Rule::Between { field, from, to } => {
            let least = operand(from, *field, company, whole)?;
            let test = match (is_timestamp(*field, company), to.day(company.today)) {
                (true, Some(day)) => {
                    let next = Value::Timestamp(company.start_of(day.succ_opt()?));
                    Rule::All(vec![
                        Rule::Compare { field: *field, comparison: Comparison::GreaterOrEqual, with: least },
                        Rule::Compare {
                            field: *field,
                            comparison: Comparison::Less,
                            with: Operand::Value(next),
                        },
                    ])
                }
                _ => Rule::Between { field: *field, from: least, to: operand(to, *field, company, whole)? },
            };
            known(test, *field)
        }
        Rule::In { field, values } => {
            let values = values.iter().map(|value| constant(value, *field, company, whole));
            known(Rule::In { field: *field, values: values.collect::<Option<Vec<_>>>()? }, *field)
        }
        Rule::Match { field, how, text } if ignores_case(*field, company) => {
            Rule::Match { field: *field, how: *how, text: fold(text).into() }
        }
        Rule::Under { attribute, path: above, itself } => {
            Rule::Under { attribute: *attribute, path: path(above)?, itself: *itself }
        }
        other => other.clone(),
    })
}

/// A test that is false, rather than an error, for want of a value.
fn known(test: Rule, field: Field) -> Rule {
    if field.is_never_unknown() { Rule::All(vec![Rule::Has(field), test]) } else { test }
}

fn is_timestamp(field: Field, company: &Company) -> bool {
    field.kind(&company.schema) == Some(&Kind::Timestamp)
}

fn ignores_case(field: Field, company: &Company) -> bool {
    field.attribute().is_some_and(|id| company.schema.get(id).is_some_and(|attribute| attribute.ignore_case))
}

fn operand(with: &Operand, field: Field, company: &Company, whole: bool) -> Option<Operand> {
    let Some(day) = with.day(company.today) else {
        let Operand::Value(value) = with else { return None };
        return constant(value, field, company, whole).map(Operand::Value);
    };
    Some(match with {
        _ if is_timestamp(field, company) => Operand::Value(Value::Timestamp(company.start_of(day))),
        // Numbers of days can be counted by CEL itself, unless they leave the calendar.
        Operand::Today(Offset { count: -1_000..=1_000, unit: Unit::Days | Unit::Weeks }) => with.clone(),
        _ => Operand::Value(Value::Date(day)),
    })
}

fn constant(value: &Value, field: Field, company: &Company, whole: bool) -> Option<Value> {
    Some(match value {
        Value::Text(text) if ignores_case(field, company) => Value::Text(fold(text).into()),
        Value::Decimal(decimal) if whole => Value::Integer(decimal.millionths()),
        // As many digits as a double is sure to have.
        Value::Decimal(decimal) if decimal.millionths().unsigned_abs() >= 1_000_000_000_000_000 => {
            return None;
        }
        other => other.clone(),
    })
}
