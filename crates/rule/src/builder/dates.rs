//! Days that move with time, and lengths of time. Not here: how other values are read (`value`).

use serde_json::{Value as Json, json};

use super::list::{Elements, trim};
use super::place::{Object, Place, property};
use super::value::{integer, value};
use crate::constant::{day, looks_like_day};
use crate::error::quoted;
use crate::{
    Calendar, Comparison, Edge, Field, Kind, Names, Offset, Operand, Period, Rule, RuleError, RuleErrorKind,
    Unit, nearest,
};

/// A day counted from now.
#[derive(Clone, Copy)]
struct Relative {
    anchor: Anchor,
    offset: Offset,
}

/// What a day is counted from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Anchor {
    Now,
    Day(Edge),
    Of(Edge, Calendar),
}

impl Anchor {
    fn edge(self) -> Option<Edge> {
        match self {
            Self::Now => None,
            Self::Day(edge) | Self::Of(edge, _) => Some(edge),
        }
    }
}

const ANCHORS: [(&str, Anchor); 9] = [
    ("now", Anchor::Now),
    ("startOfDay", Anchor::Day(Edge::Start)),
    ("endOfDay", Anchor::Day(Edge::End)),
    ("startOfWeek", Anchor::Of(Edge::Start, Calendar::Week)),
    ("endOfWeek", Anchor::Of(Edge::End, Calendar::Week)),
    ("startOfMonth", Anchor::Of(Edge::Start, Calendar::Month)),
    ("endOfMonth", Anchor::Of(Edge::End, Calendar::Month)),
    ("startOfYear", Anchor::Of(Edge::Start, Calendar::Year)),
    ("endOfYear", Anchor::Of(Edge::End, Calendar::Year)),
];

const UNITS: [(&str, Unit); 4] =
    [("day", Unit::Days), ("week", Unit::Weeks), ("month", Unit::Months), ("year", Unit::Years)];

impl Relative {
    fn read(object: &Object, place: &Place) -> Result<Self, RuleError> {
        let mode = place.key("mode");
        match property(object, "mode") {
            Some(Json::String(text)) if text == "relative" => {}
            None => return Err(mode.unfinished("the `mode` of the day is missing")),
            Some(other) => return Err(mode.expected(RuleErrorKind::NotSupported, "`relative`", other)),
        }
        let place_of_anchor = place.key("anchor");
        let anchor = match property(object, "anchor") {
            None => return Err(place_of_anchor.unfinished("the `anchor` of the day is missing")),
            Some(Json::String(text)) => match ANCHORS.iter().find(|(name, _)| name == text) {
                Some((_, anchor)) => *anchor,
                None => {
                    let error = place_of_anchor.not_supported(format!("unknown anchor {}", quoted(text)));
                    return Err(error
                        .finding(quoted(text))
                        .near(nearest(text, ANCHORS.map(|(name, _)| name))));
                }
            },
            Some(other) => {
                return Err(place_of_anchor.expected(
                    RuleErrorKind::WrongType,
                    "the name of an anchor",
                    other,
                ));
            }
        };
        Ok(Self { anchor, offset: offset(object, place)? })
    }

    fn day(self) -> Operand {
        match self.anchor {
            Anchor::Now | Anchor::Day(_) => Operand::Today(self.offset),
            Anchor::Of(edge, of) => Operand::Period(Period { edge, of, offset: self.offset }),
        }
    }

    /// The first day of what comes after the end that this is, if that is a number of whole units from today.
    fn next_start(self) -> Option<Operand> {
        let one = |unit| Offset { count: 1, unit };
        let days = match self.offset.unit {
            Unit::Days => self.offset.count.checked_add(1),
            Unit::Weeks => self.offset.count.checked_mul(7).and_then(|days| days.checked_add(1)),
            Unit::Months | Unit::Years => None,
        };
        let of = |of, offset| Some(Operand::Period(Period { edge: Edge::Start, of, offset }));
        match self.anchor {
            Anchor::Day(Edge::End) => Some(Operand::Today(Offset { count: days?, unit: Unit::Days })),
            Anchor::Of(Edge::End, _) if self.offset.count != 0 => None,
            Anchor::Of(Edge::End, Calendar::Week) => of(Calendar::Week, one(Unit::Weeks)),
            Anchor::Of(Edge::End, Calendar::Month) => of(Calendar::Month, one(Unit::Months)),
            Anchor::Of(Edge::End, Calendar::Year) => of(Calendar::Year, one(Unit::Years)),
            _ => None,
        }
    }
}

fn offset(object: &Object, place: &Place) -> Result<Offset, RuleError> {
    let here = place.key("offset");
    let Some(count) = property(object, "offset") else {
        return Err(here.unfinished("the `offset` of the day is missing"));
    };
    let count = whole(count, i32::MIN, &here)?;
    if count == 0 {
        return Ok(Offset { count, unit: Unit::Days });
    }
    let here = place.key("unit");
    match property(object, "unit") {
        None => Err(here.unfinished("the `unit` of the offset is missing")),
        Some(Json::String(text)) => match UNITS.iter().find(|(name, _)| name == text) {
            Some((_, unit)) => Ok(Offset { count, unit: *unit }),
            None => {
                let error =
                    here.not_supported(format!("unknown unit {}", quoted(text))).finding(quoted(text));
                Err(match text.as_str() {
                    "minute" | "hour" => error.hint("rules count in whole days"),
                    _ => error.near(nearest(text, UNITS.map(|(name, _)| name))),
                })
            }
        },
        Some(other) => Err(here.expected(RuleErrorKind::WrongType, "the name of a unit", other)),
    }
}

fn whole(json: &Json, least: i32, place: &Place) -> Result<i32, RuleError> {
    let count = integer(json, place)?;
    i32::try_from(count).ok().filter(|count| *count >= least).ok_or_else(|| {
        let expected =
            if least < 0 { "a number of units that fits" } else { "a number of units, not negative" };
        place.expected(RuleErrorKind::InvalidNumber, expected, json)
    })
}

/// Reads what a date or a timestamp is compared with, and says the comparison.
pub(super) fn compare(
    field: Field,
    comparison: Comparison,
    json: &Json,
    kind: &Kind,
    place: &Place,
    names: &dyn Names,
) -> Result<Rule, RuleError> {
    let compare = |comparison, with| Ok(Rule::Compare { field, comparison, with });
    let Json::Object(object) = json else {
        return compare(comparison, constant(json, kind, place, names)?);
    };
    let relative = Relative::read(object, place)?;
    match (kind, relative.anchor) {
        (Kind::Timestamp, Anchor::Now) => Err(now(place)),
        (Kind::Timestamp, Anchor::Day(Edge::End) | Anchor::Of(Edge::End, _)) => {
            match (comparison, relative.next_start()) {
                (Comparison::LessOrEqual, Some(next)) => compare(Comparison::Less, next),
                (Comparison::Greater, Some(next)) => compare(Comparison::GreaterOrEqual, next),
                (Comparison::LessOrEqual | Comparison::Greater, None) => {
                    let error = place.key("offset").not_supported("the end of that day cannot be counted");
                    Err(error.hint(
                        "count from a start, or use `between`, which includes the whole of its last day",
                    ))
                }
                _ => Err(end(place).hint("compare it by `<=` or `>`, or with a start")),
            }
        }
        _ => compare(comparison, relative.day()),
    }
}

/// Reads both ends of what a date or a timestamp lies between, and says that it does.
pub(super) fn between(
    field: Field,
    ends: &Elements,
    kind: &Kind,
    place: &Place,
    names: &dyn Names,
) -> Result<Rule, RuleError> {
    let is_instant = *kind == Kind::Timestamp;
    let ((from, first), (to, last)) = ends.two(place, |json, place| match json {
        Json::Object(object) => {
            let relative = Relative::read(object, place)?;
            match relative.anchor {
                Anchor::Now if is_instant => Err(now(place)),
                anchor => Ok((relative.day(), anchor.edge())),
            }
        }
        json => Ok((constant(json, kind, place, names)?, None)),
    })?;
    if is_instant && first == Some(Edge::End) {
        return Err(end(&place.index(0)).hint("begin with a start"));
    }
    // "Between" includes the whole of its last day; a start is only that day's first moment.
    if is_instant && last == Some(Edge::Start) {
        let part = |comparison, with| Rule::Compare { field, comparison, with };
        return Ok(Rule::All(vec![
            part(Comparison::GreaterOrEqual, from),
            part(Comparison::LessOrEqual, to),
        ]));
    }
    let (from, to) = match (from, to) {
        (Operand::Value(from), Operand::Value(to))
            if std::mem::discriminant(&from) == std::mem::discriminant(&to) && to < from =>
        {
            (Operand::Value(to), Operand::Value(from))
        }
        ends => ends,
    };
    Ok(Rule::Between { field, from, to })
}

/// A day or an instant; a timestamp can be compared with a day.
fn constant(json: &Json, kind: &Kind, place: &Place, names: &dyn Names) -> Result<Operand, RuleError> {
    let of_day = json.as_str().map(trim).filter(|text| *kind == Kind::Timestamp && looks_like_day(text));
    Ok(Operand::Value(match of_day {
        Some(text) => crate::Value::Date(day(text).map_err(|error| place.of(error))?),
        None => value(json, kind, place, names)?,
    }))
}

fn now(place: &Place) -> RuleError {
    let error = place.key("anchor").not_supported("rules know the day, not the moment");
    error.hint("count from `startOfDay`")
}

fn end(place: &Place) -> RuleError {
    place.key("anchor").not_supported("the last moment of a day cannot be compared so")
}

/// Reads a length of time: `{"count": 90, "unit": "days"}`, or `90 days` as a text.
pub(super) fn length(json: &Json, place: &Place) -> Result<Offset, RuleError> {
    super::value::finished(json, place)?;
    let wrong = || place.expected(RuleErrorKind::WrongType, "a length of time such as `90 days`", json);
    match json {
        Json::Object(object) => {
            let (place_of_count, place_of_unit) = (place.key("count"), place.key("unit"));
            let count = property(object, "count")
                .ok_or_else(|| place_of_count.unfinished("the `count` of units is missing"))?;
            let count = whole(count, 0, &place_of_count)?;
            match property(object, "unit") {
                None => Err(place_of_unit.unfinished("the `unit` is missing")),
                Some(Json::String(text)) => Ok(Offset { count, unit: unit(text, &place_of_unit)? }),
                Some(other) => {
                    Err(place_of_unit.expected(RuleErrorKind::WrongType, "the name of a unit", other))
                }
            }
        }
        Json::String(text) => {
            let (count, name) = trim(text).split_once(char::is_whitespace).ok_or_else(wrong)?;
            let count = whole(&Json::String(count.into()), 0, place)?;
            Ok(Offset { count, unit: unit(trim(name), place)? })
        }
        _ => Err(wrong()),
    }
}

/// A unit of any of these names, in the singular or the plural.
fn unit(text: &str, place: &Place) -> Result<Unit, RuleError> {
    let found = UNITS.iter().find(|(name, unit)| *name == text || unit.name() == text);
    found.map(|(_, unit)| *unit).ok_or_else(|| {
        let error = place.not_supported(format!("unknown unit {}", quoted(text))).finding(quoted(text));
        error.near(nearest(text, UNITS.map(|(_, unit)| unit.name())))
    })
}

/// Writes a day that moves with time; the last day of a "between" that has instants is written as its end.
pub(super) fn written(operand: &Operand, whole_day: bool, place: &Place) -> Result<Json, RuleError> {
    let (anchor, offset) = match operand {
        Operand::Today(offset) => (Anchor::Day(if whole_day { Edge::End } else { Edge::Start }), offset),
        Operand::Period(period) => (Anchor::Of(period.edge, period.of), &period.offset),
        Operand::Value(_) => return Err(place.not_supported("expected a day that moves with time")),
    };
    let Some((name, _)) = ANCHORS.iter().find(|(_, known)| *known == anchor) else {
        return Err(place.not_supported("a rule builder has no quarters"));
    };
    let unit = UNITS.iter().find(|(_, unit)| *unit == offset.unit).map_or("day", |(name, _)| name);
    Ok(json!({"mode": "relative", "anchor": name, "offset": offset.count, "unit": unit}))
}
