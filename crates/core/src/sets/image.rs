//! Options of a multi-choice in an image: those of each person. Who has an option follows.

use std::sync::Arc;

use matricula_rule::OptionId;

use super::{PACK, Pack, Sets};
use crate::Error;
use crate::block::{BLOCK, Block, WORDS, Words};
use crate::chunks::Chunks;
use crate::image::{In, Out, Sink, Source};
use crate::roster::Roster;

/// Packs in a block of people.
const PACKS: usize = BLOCK / PACK;

impl Sets {
    pub(crate) fn write_image(&self, sink: &mut Sink<'_>) -> Result<(), Error> {
        let count = self.packs.chunk_count();
        sink.chunk(|out| out.count(count))?;
        for index in 0..count {
            sink.chunk(|out| {
                let packs = self.packs.chunk(index);
                out.count(packs.len());
                packs.iter().for_each(|pack| out.option(pack.as_deref(), |out, pack| pack.write(out)));
            })?;
        }
        Ok(())
    }

    /// Which of so many options each of so many people has.
    pub(crate) fn read_image(source: &mut Source<'_>, options: usize, people: u32) -> Result<Self, Error> {
        let people = people as usize;
        let count = source.chunk("the head of a multi-choice", |input| {
            input.size().filter(|count| *count <= people.div_ceil(BLOCK))
        })?;
        let (mut chunks, mut layers) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for index in 0..count {
            let start = index * BLOCK;
            let packs = source.chunk("a multi-choice", |input| {
                let packs =
                    input.list(|input| input.option(|input| Pack::read(input, options).map(Arc::new)))?;
                let last = packs
                    .iter()
                    .enumerate()
                    .filter_map(|(place, pack)| Some(start + place * PACK + pack.as_ref()?.ends.len()));
                (packs.len() <= PACKS && last.max().is_none_or(|last| last <= people)).then_some(packs)
            })?;
            layers.push(people_with(&packs));
            chunks.push(Arc::new(packs));
        }
        Ok(Self { packs: Chunks::from_chunks(chunks), people: Roster::from_layers(layers) })
    }
}

/// For each option who of a block of people has it.
fn people_with(packs: &[Option<Arc<Pack>>]) -> Vec<Block> {
    let mut options: Vec<Words> = Vec::new();
    for (index, pack) in packs.iter().enumerate() {
        let Some(pack) = pack else { continue };
        for place in 0..pack.ends.len() {
            for option in pack.get(place) {
                if option.index() >= options.len() {
                    options.resize(option.index() + 1, [0; WORDS]);
                }
                // A pack has as many people as a word has bits.
                let word = options.get_mut(option.index()).and_then(|words| words.get_mut(index));
                if let Some(word) = word {
                    *word |= 1 << place;
                }
            }
        }
    }
    options.iter().map(Block::from_words).collect()
}

impl Pack {
    fn write(&self, out: &mut Out) {
        out.count(self.ends.len());
        for place in 0..self.ends.len() {
            let options = self.get(place);
            out.count(options.len());
            options.iter().for_each(|option| out.number(option.0.into()));
        }
    }

    fn read(input: &mut In<'_>, most: usize) -> Option<Self> {
        let mut pack = Self::default();
        for _ in 0..input.count().filter(|people| *people <= PACK)? {
            let mut last = None;
            for _ in 0..input.count()? {
                let option = input.u32().map(OptionId)?;
                if option.index() >= most || last >= Some(option) {
                    return None;
                }
                last = Some(option);
                pack.options.push(option);
            }
            pack.ends.push(u32::try_from(pack.options.len()).ok()?);
        }
        Some(pack)
    }
}
