//! A column in an image: how its values become codes, and the codes.

use matricula_rule::Kind;

use super::{Coding, Column};
use crate::Error;
use crate::codes::Codes;
use crate::dictionary::Dictionary;
use crate::image::{In, Sink, Source, damaged};
use crate::scale::Scale;

impl Column {
    pub(crate) fn write_image(&self, sink: &mut Sink<'_>) -> Result<(), Error> {
        match &self.coding {
            Coding::Text(dictionary) | Coding::Path(dictionary) => dictionary.write_image(sink)?,
            Coding::Number { what: _, scale } => {
                sink.chunk(|out| out.option(scale.as_ref(), |out, scale| scale.write(out)))?;
            }
            Coding::Boolean | Coding::Choice | Coding::User | Coding::Plain => {}
        }
        self.codes.write_image(sink)
    }

    /// The column of an attribute of this type, for so many people.
    pub(crate) fn read_image(source: &mut Source<'_>, kind: &Kind, people: u32) -> Result<Self, Error> {
        let limit = match kind {
            Kind::Boolean => 2,
            Kind::User => people.into(),
            Kind::Choice { options } | Kind::MultiChoice { options } => options.len() as u64,
            _ => u64::MAX,
        };
        Self::new(kind).read_into(source, people, limit)
    }

    /// A column of codes that are what they mean, up to a limit.
    pub(crate) fn read_plain(source: &mut Source<'_>, people: u32, limit: u64) -> Result<Self, Error> {
        Self::plain().read_into(source, people, limit)
    }

    fn read_into(self, source: &mut Source<'_>, people: u32, limit: u64) -> Result<Self, Error> {
        let coding = match self.coding {
            Coding::Text(_) => Coding::Text(Dictionary::read_image(source)?),
            Coding::Path(_) => Coding::Path(Dictionary::read_image(source)?),
            Coding::Number { what, .. } => {
                let read = |input: &mut In<'_>| input.option(|input| Scale::read(input, what.ladder()));
                Coding::Number { what, scale: source.chunk("the scale of a column", read)? }
            }
            plain => plain,
        };
        let column = Self { coding, codes: Codes::read_image(source, people, limit)? };
        let last = column.dictionary().map_or(0, Dictionary::last_code);
        if u64::from(last) > column.codes.ceiling() {
            return Err(damaged("a dictionary has codes that do not fit its column"));
        }
        Ok(column)
    }
}
