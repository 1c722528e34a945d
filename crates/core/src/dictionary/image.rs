//! A dictionary in an image. Its chunks are put together by a mark in the texts themselves, not by their number, so
//! that a text that is added changes the chunk that it falls in and moves no other.

use std::sync::Arc;

use super::{Chunk, Dictionary};
use crate::Error;
use crate::image::{In, Out, Sink, Source, damaged};

/// So many chunks stand together at most.
const MOST: usize = 32;

/// Whether a new run begins with a chunk: of every eighth or so, for reasons of its own.
fn begins_a_run(chunk: &Chunk) -> bool {
    chunk.text(0).iter().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(*byte)).is_multiple_of(8)
}

impl Dictionary {
    /// The greatest code that a text has; 0 if there is none.
    pub(crate) fn last_code(&self) -> u32 {
        self.chunks.last().and_then(|last| last.codes.last()).copied().unwrap_or_default()
    }

    pub(crate) fn write_image(&self, sink: &mut Sink<'_>) -> Result<(), Error> {
        let mut runs: Vec<&[Arc<Chunk>]> = Vec::new();
        let mut start = 0;
        for (index, chunk) in self.chunks.iter().enumerate() {
            if index > start && (begins_a_run(chunk) || index - start >= MOST) {
                runs.extend(self.chunks.get(start..index));
                start = index;
            }
        }
        runs.extend(self.chunks.get(start..).filter(|run| !run.is_empty()));
        sink.chunk(|out| out.count(runs.len()))?;
        for run in runs {
            sink.chunk(|out| {
                out.count(run.len());
                run.iter().for_each(|chunk| chunk.write(out));
            })?;
        }
        Ok(())
    }

    pub(crate) fn read_image(source: &mut Source<'_>) -> Result<Self, Error> {
        let runs = source.chunk("the head of a dictionary", |input| input.size())?;
        let mut dictionary = Self::default();
        for _ in 0..runs {
            let run = source.chunk("a dictionary", |input| input.list(Chunk::read))?;
            for chunk in run {
                let last = dictionary.chunks.last();
                let before = last.and_then(|last| Some((last.text(last.len() - 1), *last.codes.last()?)));
                if before.is_some_and(|(text, code)| {
                    chunk.text(0) <= text || chunk.code(0).is_none_or(|first| first <= code)
                }) {
                    return Err(damaged("the texts of a dictionary are out of order"));
                }
                dictionary.len += chunk.len();
                dictionary.chunks.push(Arc::new(chunk));
            }
        }
        Ok(dictionary)
    }
}

impl Chunk {
    fn write(&self, out: &mut Out) {
        out.count(self.len());
        let mut before = 0;
        for end in &self.ends {
            out.number((end - before).into());
            before = *end;
        }
        let mut before = 0;
        for code in &self.codes {
            out.number((code - before).into());
            before = *code;
        }
        out.bytes(&self.texts);
    }

    fn read(input: &mut In<'_>) -> Option<Self> {
        let count = input.count().filter(|count| *count > 0)?;
        let mut rising = |least: u32| {
            let mut numbers = Vec::with_capacity(count);
            let mut last = 0_u32;
            for _ in 0..count {
                let more = input.u32().filter(|more| *more >= least)?;
                last = last.checked_add(more)?;
                numbers.push(last);
            }
            Some(numbers)
        };
        let ends = rising(0)?;
        let codes = rising(1)?;
        let texts = input.bytes()?;
        let text = std::str::from_utf8(texts).ok()?;
        let whole = ends.iter().all(|end| text.is_char_boundary(*end as usize));
        let complete = ends.last().is_some_and(|end| *end as usize == texts.len());
        let chunk = Self { texts: texts.to_vec(), ends, codes };
        let in_order = (1..count).all(|place| chunk.text(place - 1) < chunk.text(place));
        (whole && complete && in_order).then_some(chunk)
    }
}
