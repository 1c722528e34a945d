//! The days on which people are to be done, as columns that tests read like any other: kept for the courses that some
//! rule asks about, in step with enrolments. Not here: the dates themselves (`enrolment`).

use matricula_rule::{CourseId, UserId, Value};

use crate::derive::Redated;
use crate::graph::Graph;
use crate::state::State;
use crate::users::ColumnId;
use crate::{Instant, Steps};

fn is_asked(graph: &Graph, course: CourseId) -> bool {
    !graph.tests_of(ColumnId::Due(course)).is_empty()
}

impl State {
    /// Makes the columns that the graph asks for, where they are not there yet, and drops the others.
    pub(crate) fn gather_due(&mut self) {
        let graph = self.graph.clone();
        self.users.keep_due(|course| is_asked(&graph, course));
        for (id, _) in graph.tests() {
            let ColumnId::Due(course) = id else { continue };
            if self.users.column(id).is_none() {
                let people: Vec<u32> = self.enrolments.courses().get(course.index()).iter().collect();
                self.put_due(course, &people);
            }
        }
    }

    /// Follows steps where some rule asks for due dates, and says who has another one than before. The ranges of their
    /// tests are made anew.
    pub(crate) fn follow_due(&mut self, steps: &[Steps], at: Instant) -> Redated {
        let graph = self.graph.clone();
        let mut courses: Vec<CourseId> = steps.iter().map(|steps| steps.course).collect();
        courses.sort_unstable();
        courses.dedup();
        let mut redated = Redated::new();
        for course in courses.into_iter().filter(|course| is_asked(&graph, *course)) {
            let of_course = steps.iter().filter(|steps| steps.course == course);
            let mut people: Vec<u32> = of_course.flat_map(|steps| steps.users.iter()).collect();
            people.sort_unstable();
            people.dedup();
            let moved = self.put_due(course, &people);
            if !moved.is_empty() {
                self.measure_columns([ColumnId::Due(course)], at);
            }
            redated.extend(moved.into_iter().map(|row| (ColumnId::Due(course), row)));
        }
        redated
    }

    /// Writes the due dates of people in a course; who had another one.
    fn put_due(&mut self, course: CourseId, people: &[u32]) -> Vec<u32> {
        let day = |row: &u32| self.enrolments.due(UserId(*row), course).map(Value::Date);
        let days: Vec<Option<Value>> = people.iter().map(day).collect();
        let Some(column) = self.users.column_mut(ColumnId::Due(course)) else { return Vec::new() };
        let before: Vec<Option<Value>> = people.iter().map(|row| column.value(column.get(*row))).collect();
        let mut known: Vec<&Value> = days.iter().flatten().collect();
        known.sort_unstable();
        known.dedup();
        column.learn(&known);
        let mut moved = Vec::new();
        for ((row, day), was) in people.iter().zip(&days).zip(before) {
            if *day != was {
                column.set(*row, day.as_ref().and_then(|day| column.code(day)).unwrap_or_default());
                moved.push(*row);
            }
        }
        moved
    }
}
