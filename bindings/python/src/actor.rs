//! One person's view: what they may do and see, why, and the changes that they may make. Not here: definitions and grants
//! (`access`).

use std::sync::{Arc, OnceLock};

use matricula::ActorSnapshot;
use pyo3::exceptions::{PyKeyError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PySequence, PyString};

use crate::access::{at, over, parts};
use crate::changes::Changes;
use crate::convert::{Dict, When, instant, record, type_name};
use crate::error::{Failure, Outcome};
use crate::registry::Handle;
use crate::snapshot::MembershipExplanation;
use crate::state::{State, Work};
use crate::value::{Plain, plain};

record! {
    /// What a role says of a capability at a place.
    Said {
        /// What it says.
        effect: &'static str,
        /// Where, in English; `None` for its own definition.
        scope: Option<String>,
    }
}

record! {
    /// A role that was considered.
    Considered {
        /// The key of the role.
        role: String,
        /// The key of the site where it is held.
        site: Option<String>,
        /// The key of the category where it is held.
        category: Option<String>,
        /// The key of the course where it is held; nothing of the three for the whole registry.
        course: Option<String>,
        /// Why it is held, in English.
        via: String,
        /// The number of the grant; `None` if it is not by one.
        grant: Option<u32>,
        /// Over whom it is held, in English; `None` for everybody.
        audience: Option<String>,
        /// What the role says, from within to without; its own definition last.
        says: Vec<Said>,
        /// What that comes to; `None` for nothing.
        effect: Option<&'static str>,
        /// Why it does not count, in English; `None` if it does.
        discounted: Option<&'static str>,
    }
}

record! {
    /// Why something may or may not be done.
    Proof {
        /// The key of who asks.
        actor: String,
        /// The name of the capability.
        capability: String,
        /// The key of the site where it is asked.
        site: Option<String>,
        /// The key of the category where it is asked.
        category: Option<String>,
        /// The key of the course where it is asked; nothing of the three for the whole registry.
        course: Option<String>,
        /// Over whom: a key, `ANY`, `ALL`; `None` for nobody.
        over: Option<String>,
        /// Whether it may be done.
        allowed: bool,
        /// `allowed`, or the word for why not.
        because: &'static str,
        /// Every role that the person holds there, by whatever reason, counting or not.
        considered: Vec<Considered>,
        /// The same in English.
        summary: String,
    }

    fn __str__(&self) -> &str {
        &self.summary
    }
}

impl From<matricula::Proof> for Proof {
    fn from(proof: matricula::Proof) -> Self {
        let summary = proof.to_string();
        let matricula::Proof { actor, capability, scope, over, allowed, because, considered } = proof;
        let considered = considered.into_iter().map(|considered| {
            let matricula::Considered { role, scope, via, grant, audience, says, effect, discounted } =
                considered;
            let (site, category, course) = parts(scope);
            let said = says.into_iter();
            let says =
                said.map(|(scope, effect)| Said { effect, scope: scope.map(|scope| scope.to_string()) });
            let says = says.collect();
            Considered { role, site, category, course, via, grant, audience, says, effect, discounted }
        });
        let considered = considered.collect();
        let (site, category, course) = parts(scope);
        Self { actor, capability, site, category, course, over, allowed, because, considered, summary }
    }
}

/// The registry as one person may see and change it, at an instant.
#[pyclass(frozen, module = "matricula")]
pub(crate) struct Actor {
    handle: Arc<Handle>,
    /// The key of the person.
    #[pyo3(get)]
    key: String,
    /// The instant at which it is asked, in UTC.
    #[pyo3(get)]
    at: When,
    asked: ActorSnapshot,
}

impl Actor {
    pub(crate) fn new(handle: Arc<Handle>, key: String, at: When) -> Outcome<Self> {
        let asked = ActorSnapshot::new(&handle.registry()?.snapshot(), &key, at.0);
        Ok(Self { handle, key, at, asked })
    }
}

#[pymethods]
impl Actor {
    /// Whether something may be done.
    #[pyo3(signature = (capability, *, site=None, category=None, course=None, over=None))]
    fn can(
        &self,
        capability: &str,
        site: Option<&str>,
        category: Option<&str>,
        course: Option<&str>,
        over: Option<&Bound<'_, PyAny>>,
    ) -> Outcome<bool> {
        Ok(self.asked.can(capability, self::over(at(site, category, course)?, over)?)?)
    }

    /// Whether each of many things may be done.
    fn can_many(&self, questions: &Bound<'_, PyAny>) -> Outcome<Vec<bool>> {
        if questions.is_instance_of::<PyString>() || questions.cast::<PySequence>().is_err() {
            let found = type_name(questions);
            let message = format!("`questions`: expected a sequence of mappings, found {found}");
            return Err(PyTypeError::new_err(message).into());
        }
        let answer = |(number, question): (usize, PyResult<Bound<'_, PyAny>>)| {
            Question::read(&question?)?.answer(&self.asked, number)
        };
        (1..).zip(questions.try_iter()?).map(answer).collect()
    }

    /// Why something may or may not be done.
    #[pyo3(signature = (capability, *, site=None, category=None, course=None, over=None))]
    fn explain(
        &self,
        capability: &str,
        site: Option<&str>,
        category: Option<&str>,
        course: Option<&str>,
        over: Option<&Bound<'_, PyAny>>,
    ) -> Outcome<Proof> {
        Ok(self.asked.explain(capability, self::over(at(site, category, course)?, over)?)?.into())
    }

    /// The keys of everybody over whom something may be done at a place.
    #[pyo3(signature = (capability, *, site=None, category=None, course=None))]
    fn audience(
        &self,
        py: Python<'_>,
        capability: &str,
        site: Option<&str>,
        category: Option<&str>,
        course: Option<&str>,
    ) -> Outcome<Vec<String>> {
        let place = at(site, category, course)?;
        Ok(py.detach(|| self.asked.audience(capability, place))?)
    }

    /// The keys of the courses in which something may be done.
    fn courses(&self, py: Python<'_>, capability: &str) -> Outcome<Vec<String>> {
        Ok(py.detach(|| self.asked.courses(capability))?)
    }

    /// The keys of the people who may be seen at a place.
    #[pyo3(signature = (*, site=None, category=None, course=None))]
    fn people(
        &self,
        py: Python<'_>,
        site: Option<&str>,
        category: Option<&str>,
        course: Option<&str>,
    ) -> Outcome<Vec<String>> {
        let place = at(site, category, course)?;
        Ok(py.detach(|| self.asked.people(place)))
    }

    /// The keys of the members of a segment who may be seen in it.
    fn members(&self, py: Python<'_>, segment: &str) -> Vec<String> {
        py.detach(|| self.asked.members(segment))
    }

    /// What may be read of a person at a place: values by attribute.
    #[pyo3(signature = (user, *, site=None, category=None, course=None))]
    fn profile(
        &self,
        user: &str,
        site: Option<&str>,
        category: Option<&str>,
        course: Option<&str>,
    ) -> Outcome<Dict<Plain>> {
        let values = self.asked.profile(user, at(site, category, course)?).into_iter();
        let snapshot = self.asked.actor().snapshot();
        let named = |(attribute, value): (&matricula::rule::Attribute, _)| {
            (attribute.key.clone(), plain(snapshot, attribute, &value))
        };
        Ok(Dict(values.map(named).collect()))
    }

    /// The names of the reports that may be seen at a place, of anybody at all.
    #[pyo3(signature = (*, site=None, category=None, course=None))]
    fn reports(
        &self,
        site: Option<&str>,
        category: Option<&str>,
        course: Option<&str>,
    ) -> Outcome<Vec<String>> {
        Ok(self.asked.reports(at(site, category, course)?))
    }

    /// Why a person is, or is not, in a segment.
    fn explain_membership(&self, user: &str, segment: &str) -> Outcome<MembershipExplanation> {
        Ok(self.asked.explain_membership(user, segment).map(MembershipExplanation)?)
    }

    /// Begins a set of changes that take effect at an instant; at the registry's clock if that is later.
    #[pyo3(signature = (at, note="", *, idempotency=None))]
    fn transaction(
        &self,
        py: Python<'_>,
        at: &Bound<'_, PyAny>,
        note: &str,
        idempotency: Option<&str>,
    ) -> Outcome<Py<ActorTransaction>> {
        let (at, registry) = (instant("at", at)?, self.handle.registry()?);
        let transaction = py.detach(|| {
            let mut transaction = registry.as_actor(&self.key, at).begin(at)?;
            transaction.set_note(note);
            idempotency.map_or(Ok(()), |key| transaction.set_idempotency(key))?;
            Ok::<_, matricula::Error>(transaction)
        })?;
        let changes = Changes::new(Work::Actor(transaction));
        self.handle.watch(&changes.state)?;
        let of_actor = ActorTransaction { revision: OnceLock::new() };
        Ok(Py::new(py, PyClassInitializer::from(changes).add_subclass(of_actor))?)
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        crate::convert::repr(slf.as_any(), "Actor", &["key", "at"])
    }
}

/// One of many questions: a mapping with the arguments of `can`. They may be very many, so texts stay Python's.
#[derive(Default)]
struct Question<'py> {
    capability: Option<Bound<'py, PyString>>,
    site: Option<Bound<'py, PyString>>,
    category: Option<Bound<'py, PyString>>,
    course: Option<Bound<'py, PyString>>,
    over: Option<Bound<'py, PyAny>>,
}

impl<'py> Question<'py> {
    fn read(given: &Bound<'py, PyAny>) -> PyResult<Self> {
        let mut question = Self::default();
        if let Ok(given) = given.cast_exact::<PyDict>() {
            for (name, value) in given {
                question.put(&name, value)?;
            }
        } else if let Ok(given) = given.cast::<PyMapping>() {
            for item in given.items()? {
                let (name, value): (Bound<'py, PyAny>, Bound<'py, PyAny>) = item.extract()?;
                question.put(&name, value)?;
            }
        } else {
            let found = type_name(given);
            let message = format!("`questions`: expected items that are mappings, found {found}");
            return Err(PyTypeError::new_err(message));
        }
        Ok(question)
    }

    fn put(&mut self, name: &Bound<'py, PyAny>, value: Bound<'py, PyAny>) -> PyResult<()> {
        let Ok(name) = name.cast::<PyString>() else {
            let found = type_name(name);
            return Err(PyTypeError::new_err(format!(
                "`questions`: expected keys of type str, found {found}"
            )));
        };
        let place = match name.to_str()? {
            "capability" => &mut self.capability,
            "site" => &mut self.site,
            "category" => &mut self.category,
            "course" => &mut self.course,
            "over" => {
                self.over = Some(value).filter(|value| !value.is_none());
                return Ok(());
            }
            name => {
                let message = format!(
                    "`questions`: unexpected `{}`, expected capability, site, category, course and over",
                    name.escape_debug()
                );
                return Err(PyTypeError::new_err(message));
            }
        };
        if !value.is_none() {
            let text = value.cast_into::<PyString>().map_err(|error| {
                let found = type_name(&error.into_inner());
                PyTypeError::new_err(format!("`questions`: expected values of type str, found {found}"))
            })?;
            *place = Some(text);
        }
        Ok(())
    }

    fn answer(&self, asked: &ActorSnapshot, number: usize) -> Outcome<bool> {
        let Some(capability) = &self.capability else {
            return Err(PyKeyError::new_err("`questions`: a question without `capability`").into());
        };
        let place = at(key(&self.site)?, key(&self.category)?, key(&self.course)?)?;
        let answer = asked.can(capability.to_str()?, over(place, self.over.as_ref())?);
        answer.map_err(|error| Failure::from(error.within(format_args!("question {number}"))))
    }
}

fn key<'a>(given: &'a Option<Bound<'_, PyString>>) -> PyResult<Option<&'a str>> {
    given.as_ref().map(|given| given.to_str()).transpose()
}

/// A person's set of changes: made, and committed as a whole or not at all.
#[pyclass(frozen, extends = Changes, module = "matricula")]
pub(crate) struct ActorTransaction {
    revision: OnceLock<u64>,
}

/// The changes of a transaction.
fn of<'a>(transaction: &'a Bound<'_, ActorTransaction>) -> &'a Changes {
    transaction.as_super().get()
}

#[pymethods]
impl ActorTransaction {
    /// The number of the commit; `None` before it and after a rollback.
    #[getter]
    fn revision(&self) -> Option<u64> {
        self.revision.get().copied()
    }

    /// Fails if the changes cannot be committed as they are.
    fn check(slf: &Bound<'_, Self>, py: Python<'_>) -> Outcome<()> {
        let changes = of(slf);
        Ok(py.detach(|| changes.locked().open_actor()?.check())?)
    }

    /// Records the changes and everything that follows from them; the number of the commit.
    fn commit(slf: &Bound<'_, Self>, py: Python<'_>) -> Outcome<u64> {
        let changes = of(slf);
        let revision = py.detach(|| {
            let mut state = changes.locked();
            state.take(State::Finished)?.of_actor()?.commit()
        })?;
        Ok(*slf.get().revision.get_or_init(|| revision.0))
    }

    fn __enter__(slf: Bound<'_, Self>) -> Outcome<Bound<'_, Self>> {
        of(&slf).check_open()?;
        Ok(slf)
    }

    /// Commits, unless the transaction is finished; rolls back if an exception leaves the block.
    #[pyo3(signature = (exc_type, exc_value, traceback, /))]
    #[expect(unused_variables, reason = "Python gives them to every context manager")]
    fn __exit__(
        slf: &Bound<'_, Self>,
        py: Python<'_>,
        exc_type: &Bound<'_, PyAny>,
        exc_value: &Bound<'_, PyAny>,
        traceback: &Bound<'_, PyAny>,
    ) -> Outcome<()> {
        if !exc_type.is_none() {
            of(slf).abandon(py);
        } else if !of(slf).is_finished() {
            Self::commit(slf, py)?;
        }
        Ok(())
    }

    fn __repr__(slf: &Bound<'_, Self>) -> String {
        let word = of(slf).word(slf.get().revision.get().is_some());
        format!("<ActorTransaction at {}, {word}>", of(slf).when().0)
    }
}
