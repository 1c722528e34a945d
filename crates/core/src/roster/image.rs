//! Sets of the same people in an image, by blocks of people; what was noted beside a block is worked in.

use std::sync::Arc;

use super::{Layer, Roster, add_count};
use crate::Error;
use crate::block::{BLOCK, Block, WORDS};
use crate::chunks::Chunks;
use crate::image::{In, Out, Sink, Source};

/// So many blocks of people stand together, by how many sets there are.
fn blocks_of_run(sets: usize) -> usize {
    match sets {
        0..=16 => 16,
        17..=128 => 4,
        _ => 1,
    }
}

impl Roster {
    /// Sets of people, by blocks of people and in each by set.
    pub(crate) fn from_layers(layers: impl IntoIterator<Item = Vec<Block>>) -> Self {
        let mut counts = Vec::new();
        let mut all: Vec<Vec<Arc<Layer>>> = Vec::new();
        for blocks in layers {
            for (set, block) in blocks.iter().enumerate() {
                add_count(&mut counts, set, block.len() as i64);
            }
            let layer = Arc::new(Layer { blocks: Arc::new(blocks), late: Arc::default() });
            match all.last_mut().filter(|chunk| chunk.len() < 8) {
                Some(chunk) => chunk.push(layer),
                None => all.push(vec![layer]),
            }
        }
        let layers = Chunks::from_chunks(all.into_iter().map(Arc::new).collect());
        Self { layers, counts: Arc::new(counts) }
    }

    pub(crate) fn write_image(&self, sink: &mut Sink<'_>) -> Result<(), Error> {
        let nobody = Layer::default();
        let layers: Vec<&Layer> =
            (0..self.bound()).map(|index| self.layers.get(index).map_or(&nobody, Arc::as_ref)).collect();
        let sets = self.counts.len();
        sink.chunk(|out| {
            out.count(sets);
            out.count(layers.len());
        })?;
        for run in layers.chunks(blocks_of_run(sets)) {
            sink.chunk(|out| {
                for layer in run {
                    (0_u32..).take(sets).for_each(|set| layer.block(set).write(out));
                }
            })?;
        }
        Ok(())
    }

    /// So many sets at most, of so many people.
    pub(crate) fn read_image(source: &mut Source<'_>, most: usize, people: u32) -> Result<Self, Error> {
        let people = people as usize;
        let (sets, count) = source.chunk("the head of memberships", |input| {
            let head = (input.size()?, input.size()?);
            (head.0 <= most && head.1 <= people.div_ceil(BLOCK)).then_some(head)
        })?;
        let mut layers = Vec::with_capacity(count);
        while layers.len() < count {
            source.chunk("memberships", |input| {
                for _ in 0..blocks_of_run(sets).min(count - layers.len()) {
                    let room = (people - layers.len() * BLOCK).min(BLOCK);
                    let mut blocks = Vec::with_capacity(sets);
                    for _ in 0..sets {
                        blocks.push(Block::read(input, room)?);
                    }
                    layers.push(blocks);
                }
                Some(())
            })?;
        }
        Ok(Self::from_layers(layers))
    }
}

const EMPTY: u8 = 0;
const FULL: u8 = 1;
const LIST: u8 = 2;
const DENSE: u8 = 3;

impl Block {
    fn write(&self, out: &mut Out) {
        match self {
            Self::Empty => out.byte(EMPTY),
            Self::Full => out.byte(FULL),
            Self::One(place) => {
                out.byte(LIST);
                out.count(1);
                out.number((*place).into());
            }
            Self::List(list) => {
                out.byte(LIST);
                out.count(list.len());
                let mut next = 0;
                for place in list.iter() {
                    out.number((place - next).into());
                    next = place + 1;
                }
            }
            Self::Dense(_, words) => {
                out.byte(DENSE);
                words.iter().for_each(|word| out.raw(&word.to_le_bytes()));
            }
        }
    }

    /// A block of which only so many places are people. It is put into its one form, whatever form it came in.
    fn read(input: &mut In<'_>, room: usize) -> Option<Self> {
        let block = match input.byte()? {
            EMPTY => return Some(Self::Empty),
            FULL => Self::Full,
            LIST => {
                let mut next = 0_usize;
                let mut words = [0_u64; WORDS];
                for _ in 0..input.count()? {
                    let place = next.checked_add(input.size()?)?;
                    *words.get_mut(place / 64)? |= 1 << (place % 64);
                    next = place + 1;
                }
                Self::from_words(&words)
            }
            DENSE => {
                let bytes = input.raw(WORDS * 8)?;
                let mut words = [0; WORDS];
                for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
                    *word = u64::from_le_bytes(*bytes);
                }
                Self::from_words(&words)
            }
            _ => return None,
        };
        let within = room >= BLOCK || block.clone().up_to(room) == block;
        within.then_some(block)
    }
}
