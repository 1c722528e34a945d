//! One person's view: what they may do and see, and why. Not here: definitions and grants (`access`), the changes that they
//! may make (`transaction`).

use matricula::rule::Attribute;
use matricula::{ActorSnapshot, Instant, Snapshot};
use napi::Result;
use napi_derive::napi;

use crate::access::{at, parts};
use crate::error::{Code, thrown};
use crate::snapshot::Explanation;
use crate::value::{ValuePair, output};

/// What a role says of a capability at a place.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct Said {
    /// What it says.
    #[napi(ts_type = "import('./index.js').Effect")]
    pub effect: &'static str,
    /// Where, in English.
    pub scope: Option<String>,
}

/// A role that was considered.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct Considered {
    /// The key of the role.
    pub role: String,
    /// The key of the site where it is held.
    pub site: Option<String>,
    /// The key of the category where it is held.
    pub category: Option<String>,
    /// The key of the course where it is held.
    pub course: Option<String>,
    /// Why it is held, in English.
    pub via: String,
    /// The number of the grant.
    pub grant: Option<u32>,
    /// Over whom it is held, in English.
    pub audience: Option<String>,
    /// What the role says, from within to without.
    pub says: Vec<Said>,
    /// What that comes to.
    #[napi(ts_type = "import('./index.js').Effect | null")]
    pub effect: Option<&'static str>,
    /// Why it does not count.
    pub discounted: Option<&'static str>,
}

/// Why something may or may not be done.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct Proof {
    /// The key of who asks.
    pub actor: String,
    /// The name of the capability.
    pub capability: String,
    /// The key of the site where it is asked.
    pub site: Option<String>,
    /// The key of the category where it is asked.
    pub category: Option<String>,
    /// The key of the course where it is asked.
    pub course: Option<String>,
    /// Over whom.
    pub over: Option<String>,
    /// Whether it may be done.
    pub allowed: bool,
    /// `allowed`, or the word for why not.
    #[napi(ts_type = "import('./index.js').Because")]
    pub because: &'static str,
    /// Every role that is held there.
    pub considered: Vec<Considered>,
    /// The same in English.
    pub summary: String,
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

/// The registry at a revision as one person may see it, at an instant.
#[napi]
pub struct Actor {
    asked: ActorSnapshot,
}

impl Actor {
    pub(crate) fn new(snapshot: &Snapshot, key: &str, at: Instant) -> Self {
        Self { asked: ActorSnapshot::new(snapshot, key, at) }
    }
}

#[napi]
impl Actor {
    /// Whether something may be done.
    #[napi(catch_unwind)]
    pub fn can(&self, capability: String, place: u32, key: String, over: String) -> Result<bool, Code> {
        self.asked.can(&capability, at(place, &key, &over)).map_err(thrown)
    }

    /// Whether each of many things may be done: of each the capability, the key of the place, and over whom.
    #[napi(catch_unwind)]
    pub fn can_many(&self, texts: Vec<String>, places: Vec<u32>) -> Result<Vec<bool>, Code> {
        let questions = (1..).zip(texts.chunks_exact(3)).zip(places);
        let answer = |((number, texts), place): ((usize, &[String]), u32)| {
            let [capability, key, over] = texts else { return Ok(false) };
            let answer = self.asked.can(capability, at(place, key, over));
            answer.map_err(|error| thrown(error.within(format_args!("question {number}"))))
        };
        questions.map(answer).collect()
    }

    /// Why something may or may not be done.
    #[napi(catch_unwind)]
    pub fn explain(&self, capability: String, place: u32, key: String, over: String) -> Result<Proof, Code> {
        self.asked.explain(&capability, at(place, &key, &over)).map(Proof::from).map_err(thrown)
    }

    /// The keys of everybody over whom something may be done at a place.
    #[napi(catch_unwind)]
    pub fn audience(&self, capability: String, place: u32, key: String) -> Result<Vec<String>, Code> {
        self.asked.audience(&capability, at(place, &key, "")).map_err(thrown)
    }

    /// The keys of the courses in which something may be done.
    #[napi(catch_unwind)]
    pub fn courses(&self, capability: String) -> Result<Vec<String>, Code> {
        self.asked.courses(&capability).map_err(thrown)
    }

    /// The keys of the people who may be seen at a place.
    #[napi(catch_unwind)]
    pub fn people(&self, place: u32, key: String) -> Vec<String> {
        self.asked.people(at(place, &key, ""))
    }

    /// The keys of the members of a segment who may be seen in it.
    #[napi(catch_unwind)]
    pub fn members(&self, segment: String) -> Vec<String> {
        self.asked.members(&segment)
    }

    /// What may be read of a person at a place.
    #[napi(catch_unwind)]
    pub fn profile(&self, user: String, place: u32, key: String) -> Vec<ValuePair> {
        let snapshot = self.asked.actor().snapshot();
        let values = self.asked.profile(&user, at(place, &key, "")).into_iter();
        let pair = |(attribute, value): (&Attribute, _)| {
            let value = Some(output(snapshot, attribute, &value));
            ValuePair { key: attribute.key.clone(), value }
        };
        values.map(pair).collect()
    }

    /// The names of the reports that may be seen at a place.
    #[napi(catch_unwind)]
    pub fn reports(&self, place: u32, key: String) -> Vec<String> {
        self.asked.reports(at(place, &key, ""))
    }

    /// Why a person is, or is not, in a segment.
    #[napi(catch_unwind)]
    pub fn explain_membership(&self, user: String, segment: String) -> Result<Explanation, Code> {
        Explanation::of(&self.asked.explain_membership(&user, &segment).map_err(thrown)?)
    }
}
