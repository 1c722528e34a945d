//! The codes of a column in an image: a head, then runs of blocks of about 64 KiB, cut where blocks of people are.

use std::sync::Arc;

use super::{Codes, Width};
use crate::Error;
use crate::block::BLOCK;
use crate::chunks::Chunks;
use crate::image::{In, Out, Sink, Source, damaged};

/// Bytes in a run.
const RUN: usize = 1 << 16;

/// A number of a width, as the bytes of an image.
trait Bytes: Width + PartialEq {
    const SIZE: usize;

    fn write(all: &[Self], out: &mut Out);

    fn read(bytes: &[u8]) -> Vec<Self>;
}

macro_rules! bytes {
    ($($type:ty),*) => {$(
        impl Bytes for $type {
            const SIZE: usize = size_of::<$type>();

            fn write(all: &[Self], out: &mut Out) {
                all.iter().for_each(|code| out.raw(&code.to_le_bytes()));
            }

            fn read(bytes: &[u8]) -> Vec<Self> {
                bytes.as_chunks().0.iter().map(|bytes| Self::from_le_bytes(*bytes)).collect()
            }
        }
    )*};
}

bytes!(u8, u16, u32, u64);

/// How the codes of a block are written.
const EACH: u8 = 0;
const ALL_THE_SAME: u8 = 1;

impl Codes {
    pub(crate) fn write_image(&self, sink: &mut Sink<'_>) -> Result<(), Error> {
        match self {
            Self::One(chunks) => write(0, chunks, sink),
            Self::Two(chunks) => write(1, chunks, sink),
            Self::Four(chunks) => write(2, chunks, sink),
            Self::Eight(chunks) => write(3, chunks, sink),
        }
    }

    /// The codes of so many people at most, none of them above a limit.
    pub(crate) fn read_image(source: &mut Source<'_>, people: u32, limit: u64) -> Result<Self, Error> {
        let (width, blocks) = source.chunk("the head of a column", |input| {
            let head = (input.byte()?, input.size()?);
            (head.1 <= (people as usize).div_ceil(BLOCK)).then_some(head)
        })?;
        match width {
            0 => read(source, blocks, people, limit).map(Self::One),
            1 => read(source, blocks, people, limit).map(Self::Two),
            2 => read(source, blocks, people, limit).map(Self::Four),
            3 => read(source, blocks, people, limit).map(Self::Eight),
            _ => Err(damaged("a column of no width")),
        }
    }
}

fn blocks_of_run<T: Bytes>() -> usize {
    (RUN / T::SIZE / BLOCK).max(1)
}

fn write<T: Bytes>(width: u8, chunks: &Chunks<T, BLOCK>, sink: &mut Sink<'_>) -> Result<(), Error> {
    let count = chunks.chunk_count();
    sink.chunk(|out| {
        out.byte(width);
        out.count(count);
    })?;
    for start in (0..count).step_by(blocks_of_run::<T>()) {
        sink.chunk(|out| {
            for index in start..count.min(start + blocks_of_run::<T>()) {
                let block = chunks.chunk(index);
                out.count(block.len());
                match block.split_first() {
                    None => {}
                    Some((first, rest)) if rest.iter().all(|code| code == first) => {
                        out.byte(ALL_THE_SAME);
                        out.number(first.widen());
                    }
                    Some(_) => {
                        out.byte(EACH);
                        T::write(block, out);
                    }
                }
            }
        })?;
    }
    Ok(())
}

fn read<T: Bytes>(
    source: &mut Source<'_>,
    count: usize,
    people: u32,
    limit: u64,
) -> Result<Chunks<T, BLOCK>, Error> {
    let mut blocks = Vec::with_capacity(count);
    while blocks.len() < count {
        source.chunk("the codes of a column", |input| {
            for _ in 0..blocks_of_run::<T>().min(count - blocks.len()) {
                let room = (people as usize).saturating_sub(blocks.len() * BLOCK).min(BLOCK);
                let block = read_block::<T>(input, room)?;
                let within = limit == u64::MAX || block.iter().all(|code| code.widen() <= limit);
                blocks.push(Arc::new(within.then_some(block)?));
            }
            Some(())
        })?;
    }
    Ok(Chunks::from_chunks(blocks))
}

fn read_block<T: Bytes>(input: &mut In<'_>, room: usize) -> Option<Vec<T>> {
    let len = input.size().filter(|len| *len <= room)?;
    if len == 0 {
        return Some(Vec::new());
    }
    match input.byte()? {
        EACH => input.raw(len * T::SIZE).map(T::read),
        ALL_THE_SAME => {
            let code = input.number()?;
            // Narrowing a number that does not fit gives another.
            let narrow = T::narrow(code);
            (narrow.widen() == code).then(|| vec![narrow; len])
        }
        _ => None,
    }
}
