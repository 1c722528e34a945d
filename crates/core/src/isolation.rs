//! Who may name what: sites do not see each other, and nothing sees a draft. Not here: whether a rule is right
//! otherwise (`matricula-rule`), and circles (`nesting`).

use std::borrow::Cow;

use matricula_rule::{CourseId, Fact, Field, Named, Names, Rule, Schema};

use crate::draft::not_possible;
use crate::state::State;
use crate::{DueDate, EnrolmentRule, Error, ErrorKind, SegmentState, SiteId};

/// Refuses a rule that names a draft, or what is not for segments of its site. A site's segments name what is of the
/// registry or of that site; registry-wide segments name attributes and segments of the registry, whose members are
/// not one site's affair, and, by the registry's authority, courses and members of any site.
pub(crate) fn check_rule(rule: &Rule, site: Option<SiteId>, state: &State) -> Result<(), Error> {
    let mut wrong = None;
    rule.visit(&mut |part| {
        if wrong.is_none() {
            wrong = refused(part, site, state);
        }
    });
    wrong.map_or(Ok(()), |message| Err(not_possible(message)))
}

fn refused(part: &Rule, site: Option<SiteId>, state: &State) -> Option<String> {
    let of_others = |what: &str, key: &str, owner: SiteId, expected: &str| {
        let owner = site_key(state, owner);
        Some(format!(
            "{what} `{key}` belongs to site `{owner}`, expected it in segments of that site{expected}"
        ))
    };
    let course = |id: CourseId| {
        let course = state.course(id).filter(|course| site.is_some_and(|site| site != course.site))?;
        of_others("course", &course.key, course.site, " and registry-wide ones only")
    };
    match part.field() {
        Some(Field::Attribute(attribute)) => {
            let attribute = state.schema.get(attribute)?;
            let owner = attribute.site.filter(|owner| Some(*owner) != site)?;
            return of_others("attribute", &attribute.key, owner, " only");
        }
        Some(Field::Completed(id) | Field::Score(id) | Field::Due(id)) => return course(id),
        Some(Field::AccountKey | Field::AccountCreated) | None => {}
    }
    let Rule::Is(fact) = part else { return None };
    match *fact {
        Fact::Enrolled(id) | Fact::Group(id, _) => course(id),
        Fact::Site(named) => {
            let own = site.filter(|own| *own != named)?;
            let (named, own) = (site_key(state, named), site_key(state, own));
            Some(format!(
                "members of site `{named}` are asked for, expected those of site `{own}` only, whose segment it is"
            ))
        }
        Fact::Segment(id) => {
            let segment = state.segment(id)?;
            match segment.site {
                Some(owner) if Some(owner) != site => of_others("segment", &segment.key, owner, " only"),
                _ if segment.deleted => Some(format!("segment `{}` was deleted", segment.key)),
                _ if segment.state == SegmentState::Draft => {
                    Some(format!("segment `{}` is a draft, which nothing may refer to", segment.key))
                }
                _ => None,
            }
        }
        Fact::Role(_) => None,
    }
}

/// Refuses an enrolment rule over a draft, one without courses, or with courses of several sites or of another than its
/// segment's, and one whose window or due date cannot be.
pub(crate) fn check_enrolment_rule(rule: &EnrolmentRule, state: &State) -> Result<(), Error> {
    let invalid = |message: String| Err(Error::new(ErrorKind::InvalidDefinition, message));
    let Some(segment) = state.segment(rule.segment) else {
        return invalid(format!("there is no segment number {}", rule.segment.0));
    };
    if segment.state == SegmentState::Draft {
        let message = format!("segment `{}` is a draft, which nothing may refer to", segment.key);
        return Err(not_possible(message));
    }
    let mut expected = segment.site.map(|site| (site, "the rule's segment is"));
    for id in &rule.courses {
        let Some(course) = state.course(*id) else {
            return invalid(format!("there is no course number {}", id.0));
        };
        let (site, why) = *expected.get_or_insert((course.site, "the first one is"));
        if course.site != site {
            let (key, owner, site) = (&course.key, site_key(state, course.site), site_key(state, site));
            return invalid(format!(
                "course `{key}` belongs to site `{owner}`, expected courses of site `{site}`, as {why}"
            ));
        }
    }
    if rule.courses.is_empty() {
        return invalid("no courses, expected at least one".to_owned());
    }
    if let (Some(from), Some(until)) = (rule.from, rule.until)
        && from >= until
    {
        return invalid(format!("it acts from {from} until {until}, expected a later end"));
    }
    rule.due.map_or(Ok(()), DueDate::check)
}

fn site_key(state: &State, site: SiteId) -> &str {
    state.sites.get_index(site.index()).map_or("", |(key, _)| key.as_str())
}

/// What rules of a site can name, for those who look for the name that was meant: what they may not name is found, to be
/// refused for what it is, but never proposed.
pub(crate) struct NamesFor<'a> {
    pub(crate) site: Option<SiteId>,
    pub(crate) state: &'a State,
}

impl Names for NamesFor<'_> {
    fn schema(&self) -> &Schema {
        &self.state.schema
    }

    fn find(&self, what: Named, key: &str) -> Option<u32> {
        self.state.find(what, key)
    }

    fn key(&self, what: Named, id: u32) -> Option<Cow<'_, str>> {
        self.state.key(what, id)
    }

    fn keys(&self, what: Named) -> Box<dyn Iterator<Item = Cow<'_, str>> + '_> {
        let site = self.site;
        let own = move |owner: SiteId| site.is_none_or(|site| site == owner);
        match what {
            Named::Segment => {
                let may = move |owner: Option<SiteId>| owner.is_none() || owner == site;
                let segments = self.state.segments.values();
                let segments = segments.filter(move |segment| may(segment.site) && !segment.deleted);
                Box::new(segments.map(|segment| Cow::Borrowed(segment.key.as_str())))
            }
            Named::Course => {
                let courses = self.state.courses.values().filter(move |course| own(course.site));
                Box::new(courses.map(|course| Cow::Borrowed(course.key.as_str())))
            }
            Named::Site => {
                let sites = self.state.sites.keys().zip((0..).map(SiteId)).filter(move |(_, id)| own(*id));
                Box::new(sites.map(|(key, _)| Cow::Borrowed(key.as_str())))
            }
            Named::User | Named::Group(_) | Named::Role => self.state.keys(what),
        }
    }
}
