//! What a request was asked for, so that it is known again: which changes were accepted, in order, and which were refused
//! on the way. Not here: the fingerprint of a single change (`digest`).

use std::fmt::{self, Display};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::{Error, ErrorKind, Question};

/// How fingerprints are taken: their first byte, and the last that is hashed.
const VERSION: u8 = 1;
/// So much is kept of the question of a refused change.
const SHORT: usize = 16;

/// The fingerprint of a request in the making. Only what was accepted makes it another one; what was refused is kept
/// beside it, with the place at which it was.
///
/// By the same changes a draft comes to the same state, and there the same change is accepted or refused as before. So of
/// a request that is asked again it is known of every change what became of it: at a place at which the same was
/// refused it is refused, and otherwise it was accepted, or the request is another one.
///
/// ```
/// use matricula_core::{Asked, Change, ErrorKind, Question, UserUpdate};
///
/// let ask = |user: &str| Question::of_change(&Change::from(UserUpdate::new(user)));
/// let (mut plain, mut first) = (Asked::default(), Asked::default());
/// plain.accept(ask("ann"));
/// first.refuse(ask(" x"), ErrorKind::InvalidKey);
/// assert_eq!(first.fingerprint().refusal(&Asked::default(), ask(" x")), Some(ErrorKind::InvalidKey));
/// first.accept(ask("ann"));
/// assert!(first.fingerprint().accepts_same(&plain.fingerprint()));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Asked {
    accepted: Sha256,
    count: u64,
    refused: Vec<Refused>,
}

/// A change that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Refused {
    /// After how many accepted ones.
    after: u64,
    question: [u8; SHORT],
    /// The code of the error.
    code: Box<str>,
}

fn short(question: Question) -> [u8; SHORT] {
    std::array::from_fn(|place| question.0.get(place).copied().unwrap_or_default())
}

impl Asked {
    /// Adds something that was accepted. If the very same was refused right before, through no fault of its own, that
    /// is forgotten.
    pub fn accept(&mut self, question: Question) {
        let (after, asked) = (self.count, short(question));
        self.refused.retain(|refused| refused.after != after || refused.question != asked);
        self.accepted.update(question.0);
        self.count += 1;
    }

    /// Notes something that was refused.
    pub fn refuse(&mut self, question: Question, kind: ErrorKind) {
        let refused = Refused { after: self.count, question: short(question), code: kind.code().into() };
        if !self.refused.contains(&refused) {
            self.refused.push(refused);
        }
    }

    /// The fingerprint so far.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut accepted = self.accepted.clone();
        accepted.update(self.count.to_be_bytes());
        accepted.update([VERSION]);
        Fingerprint { accepted: accepted.finalize().into(), refused: self.refused.clone() }
    }
}

/// The fingerprint of a request: see [`Asked`]. Written in hexadecimal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    accepted: [u8; 32],
    refused: Vec<Refused>,
}

impl Fingerprint {
    /// How many bytes it has in a store if nothing was refused.
    pub const ACCEPTED: u32 = 33;

    /// Whether both are of requests of which the same changes were accepted in the same order.
    pub fn accepts_same(&self, other: &Self) -> bool {
        self.accepted == other.accepted
    }

    /// The same without what was refused.
    pub(crate) fn accepted(&self) -> Self {
        Self { accepted: self.accepted, refused: Vec::new() }
    }

    /// Whether it says of nothing that it was accepted: it has been erased.
    pub(crate) fn is_erased(&self) -> bool {
        self.accepted == Self::default().accepted
    }

    /// Forgets what was refused; whether there was anything.
    pub fn forget_refused(&mut self) -> bool {
        !std::mem::take(&mut self.refused).is_empty()
    }

    /// As what something was refused, if it was at the place that a request asked again has come to.
    pub fn refusal(&self, so_far: &Asked, question: Question) -> Option<ErrorKind> {
        let question = short(question);
        let is_it = |refused: &&Refused| refused.after == so_far.count && refused.question == question;
        let code = &self.refused.iter().find(is_it)?.code;
        // A later version may have had kinds of its own.
        Some(
            ErrorKind::ALL
                .iter()
                .copied()
                .find(|kind| kind.code() == &**code)
                .unwrap_or(ErrorKind::NotPossible),
        )
    }

    /// Its bytes, as stores keep them: the version, a hash of what was accepted, and for each refused change the number
    /// of those accepted before it, a part of its hash, and the code of the error with its length before it.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend(self.accepted);
        for Refused { after, question, code } in &self.refused {
            bytes.extend(after.to_be_bytes());
            bytes.extend(question);
            bytes.push(u8::try_from(code.len()).unwrap_or(u8::MAX));
            bytes.extend(code.bytes());
        }
        bytes
    }

    /// From its bytes, if they are of a fingerprint of this version.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        let (accepted, mut rest) = rest.split_first_chunk::<32>()?;
        let mut refused = Vec::new();
        while let Some((after, others)) = rest.split_first_chunk::<8>() {
            let (question, others) = others.split_first_chunk::<SHORT>()?;
            let (length, others) = others.split_first()?;
            let (code, others) = others.split_at_checked(usize::from(*length))?;
            let (after, code) = (u64::from_be_bytes(*after), std::str::from_utf8(code).ok()?.into());
            refused.push(Refused { after, question: *question, code });
            rest = others;
        }
        (*version == VERSION && rest.is_empty()).then_some(Self { accepted: *accepted, refused })
    }
}

impl Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Fingerprint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let digits: Option<Vec<u8>> = text
            .bytes()
            .map(|digit| match digit {
                b'0'..=b'9' => Some(digit - b'0'),
                b'a'..=b'f' => Some(digit - b'a' + 10),
                _ => None,
            })
            .collect();
        let digits = digits.filter(|digits| digits.len() % 2 == 0);
        let bytes = digits.map(|digits| -> Vec<u8> {
            digits.as_chunks::<2>().0.iter().map(|[high, low]| high << 4 | low).collect()
        });
        bytes.and_then(|bytes| Self::from_bytes(&bytes)).ok_or_else(|| {
            let message = format!("`{}` is no fingerprint of a request", crate::error::shown(text));
            Error::new(ErrorKind::InvalidValue, message)
        })
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Change, UserUpdate};

    fn ask(name: &str) -> Question {
        Question::of_change(&Change::from(UserUpdate::new(name)))
    }

    /// Changed only with the version: a request that is asked again after an upgrade is the same one.
    #[test]
    fn fingerprints_are_what_they_always_were() {
        let mut asked = Asked::default();
        asked.accept(ask("ann"));
        asked.refuse(ask("bob"), ErrorKind::InvalidKey);
        asked.accept(Question::of("import", &("csv", [1, 2]), b"id\ncy\n"));
        assert_eq!(
            asked.fingerprint().to_string(),
            "01c66d90455315637a10480275449d30872bc222e783d57fdb974204534f593e6c\
             000000000000000182d224298e501ff73270312d18214fef0b696e76616c69645f6b6579"
        );
    }

    #[test]
    fn what_cannot_be_read_is_no_fingerprint() {
        let mut asked = Asked::default();
        asked.refuse(ask("bob"), ErrorKind::InvalidKey);
        let bytes = asked.fingerprint().to_bytes();
        assert_eq!(Fingerprint::from_bytes(&bytes), Some(asked.fingerprint()));
        for length in (0..bytes.len()).filter(|length| *length != 33) {
            assert_eq!(Fingerprint::from_bytes(&bytes[..length]), None, "{length} bytes");
        }
        assert_eq!(Fingerprint::from_bytes(&[&[2], &bytes[1..]].concat()), None);
        for wrong in ["", "0", "zz", "01", "é1"] {
            assert_eq!(wrong.parse::<Fingerprint>().unwrap_err().kind(), ErrorKind::InvalidValue, "{wrong}");
        }
    }

    /// A registry as far as accepting goes: a change is accepted if so many others are, or another one is not.
    fn accepts(accepted: &[u8], change: u8) -> bool {
        match change % 3 {
            0 => true,
            1 => accepted.len() % 2 == 1,
            _ => !accepted.contains(&(change - 1)),
        }
    }

    proptest! {
        /// Refused changes can be left out of the repetition, in any choice; nothing else makes the same request.
        #[test]
        fn a_request_is_the_same_if_the_same_was_accepted(
            changes in prop::collection::vec(0_u8..9, 0..12),
            left_out in prop::collection::vec(any::<bool>(), 12),
            other in prop::collection::vec(0_u8..9, 0..12),
        ) {
            let question = |change: u8| ask(&format!("u{change}"));
            let (mut first, mut accepted, mut repeated) = (Asked::default(), Vec::new(), Vec::new());
            for (change, out) in changes.iter().zip(&left_out) {
                let taken = accepts(&accepted, *change);
                if taken {
                    first.accept(question(*change));
                    accepted.push(*change);
                } else {
                    first.refuse(question(*change), ErrorKind::NotPossible);
                }
                if taken || !out {
                    repeated.push((*change, taken));
                }
            }
            let recorded = first.fingerprint();
            let text = recorded.to_string();
            prop_assert_eq!(text.parse::<Fingerprint>().unwrap(), recorded.clone());
            let mut again = Asked::default();
            for (change, taken) in repeated {
                let refusal = recorded.refusal(&again, question(change));
                prop_assert_eq!(refusal.is_none(), taken);
                if taken {
                    again.accept(question(change));
                }
            }
            prop_assert!(recorded.accepts_same(&again.fingerprint()));
            // Another request: what is left of it without what is known to be refused.
            let (mut asked, mut rest) = (Asked::default(), Vec::new());
            for change in other {
                if recorded.refusal(&asked, question(change)).is_none() {
                    asked.accept(question(change));
                    rest.push(change);
                }
            }
            prop_assert_eq!(recorded.accepts_same(&asked.fingerprint()), rest == accepted);
        }
    }

    #[test]
    fn what_was_refused_and_then_accepted_was_accepted() {
        let mut asked = Asked::default();
        asked.refuse(ask("ann"), ErrorKind::Store);
        asked.accept(ask("ann"));
        let recorded = asked.fingerprint();
        assert_eq!(recorded.refusal(&Asked::default(), ask("ann")), None);
        assert_ne!(
            Asked::default().fingerprint(),
            Fingerprint::default(),
            "of nothing that was asked, and of none"
        );
    }
}
