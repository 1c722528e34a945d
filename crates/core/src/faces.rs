//! The rule of a segment in each of its notations: text, English, the typed tree, a rule builder's JSON, SQL. Not
//! here: how they are written (`matricula-rule`).

use matricula_rule::sql::{Asked, Dialect, Members, Sql, members};
use matricula_rule::{Rule, describe, print, to_builder};

use crate::draft::not_possible;
use crate::model::SegmentState;
use crate::nesting::{Part, named};
use crate::{Error, Instant, Segment, SegmentId, SiteId, Snapshot};

impl Snapshot {
    /// The rule as text, in its one canonical form; `None` where members are put in by hand.
    ///
    /// # Errors
    /// `unknown_segment`.
    pub fn rule_text(&self, segment: &str) -> Result<Option<String>, Error> {
        self.rule_of(segment, |rule| Ok(print(rule, self)))
    }

    /// The rule in English; `None` where members are put in by hand.
    ///
    /// # Errors
    /// `unknown_segment`.
    pub fn rule_in_english(&self, segment: &str) -> Result<Option<String>, Error> {
        self.rule_of(segment, |rule| Ok(describe(rule, self)))
    }

    /// The rule as a query of a rule builder, in JSON; `None` where members are put in by hand.
    ///
    /// # Errors
    /// `unknown_segment`; `invalid_rule` if rule builders have no words for a part of it.
    pub fn rule_builder(&self, segment: &str) -> Result<Option<String>, Error> {
        self.rule_of(segment, |rule| Ok(to_builder(rule, self)?.to_string()))
    }

    fn rule_of<T>(
        &self,
        segment: &str,
        write: impl Fn(&Rule) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let (_, segment) = self.segment_of(segment)?;
        segment.rule.as_ref().map(write).transpose()
    }

    fn segment_of(&self, key: &str) -> Result<(SegmentId, &Segment), Error> {
        let id = self.segment_id(key)?;
        match self.segment(id) {
            Some(segment) => Ok((id, segment)),
            None => Err(not_possible(format!("segment `{key}` is not there"))),
        }
    }

    /// A query for the ids of a segment's members, over the tables that the SQLite store keeps or a copy of them in
    /// another database. What the rule says of days is worked out for the day that it is at an instant.
    ///
    /// # Errors
    /// `unknown_segment`; `not_possible` if it is paused, whose members no rule gives, if its rule names a segment
    /// that keeps no rows for SQL, or if a site whose members it selects is closed; `invalid_rule` if the database cannot be asked for it exactly.
    pub fn segment_sql(&self, segment: &str, dialect: Dialect, at: Instant) -> Result<Sql, Error> {
        let (id, segment) = self.segment_of(segment)?;
        if segment.state != SegmentState::Active {
            let message = format!(
                "segment `{}` is {}, so that its rule does not say who is in",
                segment.key,
                segment.state.name()
            );
            return Err(not_possible(message));
        }
        for other in named(segment.rule.as_ref()) {
            let Part::Segment(other) = other else { continue };
            if let Some(other) = self.segment(other).filter(|other| !other.sql_rows) {
                let message =
                    format!("segment `{}` keeps no rows for SQL, which the query would read", other.key);
                return Err(not_possible(message));
            }
        }
        let mut sites = (0..self.0.sites.len()).map(SiteId::at);
        let closed = sites.find(|site| !self.0.is_open(*site) && segment.site.is_none_or(|own| own == *site));
        if let Some(site) = closed.and_then(|site| self.site(site)) {
            let message =
                format!("site `{}` is closed, which the tables of memberships do not say", site.key);
            return Err(not_possible(message));
        }
        let zone = self.0.zone(segment.site);
        let start_of = |day| Instant::start_of(day, zone).to_utc();
        let asked = Asked::new(at.day(zone), &start_of);
        let of = Members { rule: segment.rule.as_ref(), site: segment.site, segment: Some(id) };
        Ok(members(&of, self, &asked, dialect)?)
    }
}
