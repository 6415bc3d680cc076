//! Poisoned blocks: each lies between bytes that must stay as they are, and is overwritten when it is freed: a change shows
//! when it is looked for. A cheaper watch than an inaccessible page, and one that sees what is only written.

use super::arena::{Block, access, fill, holds};
use super::{Fault, Misuse, Origin};

/// Counts the bytes of a grain: a block and the bytes around it take up whole grains.
const GRAIN: usize = 64;
/// Counts the bytes before a block that must stay as they are, and the least number of such bytes after it.
const ZONE: usize = 16;
/// Counts the bytes for blocks.
const BYTES: usize = 4 << 20;
/// Limits the number of blocks of a program.
const MOST: usize = 1 << 14;
/// Fills a freed block.
const FREED: u8 = 0xdd;

/// Holds the poisoned blocks of one thread, in a ring.
pub(super) struct Poisoned {
    base: usize,
    /// Holds for each grain the number of its block's first grain, plus 1; 0: it never had one.
    owners: Vec<u32>,
    /// Holds the block for each grain that is a block's first.
    blocks: Vec<Option<Block>>,
    next: usize,
    /// Counts the grains passed in this program: once around, what it made first would be next.
    passed: usize,
    /// Lists the first grains of the blocks of this program, in order.
    made: Vec<u32>,
}

impl Poisoned {
    /// Makes a ring in `bytes` of address space from `base` on; `None`: the system refuses.
    pub fn new(base: usize, bytes: usize) -> Option<Poisoned> {
        debug_assert!(BYTES <= bytes);
        let grains = BYTES / GRAIN;
        access(base, BYTES, true).then(|| Poisoned {
            base,
            owners: vec![0; grains],
            blocks: vec![None; grains],
            next: 0,
            passed: 0,
            made: Vec::with_capacity(MOST),
        })
    }

    /// Returns how many bytes follow this offset.
    pub fn left(offset: usize) -> usize {
        BYTES.saturating_sub(offset)
    }

    pub fn begin(&mut self) {
        self.made.clear();
        self.passed = 0;
    }

    /// Makes a block and returns its address; `None`: it is too large, or the program has too many.
    pub fn take(&mut self, size: usize, origin: Origin) -> Option<usize> {
        let grains = size.checked_add(2 * ZONE)?.div_ceil(GRAIN);
        let first = self.room(grains)?;
        let start = self.base + first * GRAIN + ZONE;
        let block = Block { start, size, taken: origin, given: None };
        self.blocks[first] = Some(block);
        self.owners[first..first + grains].fill(first as u32 + 1);
        self.made.push(first as u32);
        block.surround(ZONE, after(&block));
        Some(start)
    }

    /// Overwrites a block that was freed, and says what happened to the bytes around it.
    pub fn close(&mut self, block: &Block) -> Option<Misuse> {
        let damage = block.damage(ZONE, after(block));
        fill(block.start, block.size, FREED);
        damage
    }

    /// Finds the block at an address.
    pub fn block_mut(&mut self, address: usize) -> Option<&mut Block> {
        let grain = address.checked_sub(self.base)? / GRAIN;
        let first = self.owners.get(grain)?.checked_sub(1)?;
        self.blocks[first as usize].as_mut()
    }

    /// Finds the first block of this program that was written to after it was freed, or around which something was
    /// written.
    pub fn check(&self) -> Option<Fault> {
        self.made.iter().filter_map(|first| self.blocks[*first as usize]).find_map(|block| {
            let written = block.given.is_some() && !holds(block.start, block.size, FREED);
            let what = if written { Some(Misuse::WrittenAfterFree) } else { block.damage(ZONE, after(&block)) };
            what.map(|what| block.fault(what))
        })
    }

    /// Finds so many grains in a row, of which none belongs to a block that lives or is of this program; `None`: there
    /// are none left.
    fn room(&mut self, grains: usize) -> Option<usize> {
        let all = self.owners.len();
        if self.made.len() == MOST {
            return None;
        }
        loop {
            if self.next + grains > all {
                self.passed += all - self.next;
                self.next = 0;
            }
            if self.passed + grains > all {
                return None;
            }
            match (self.next..self.next + grains).rev().find(|grain| self.is_kept(*grain)) {
                Some(grain) => {
                    self.passed += grain + 1 - self.next;
                    self.next = grain + 1;
                }
                None => {
                    self.next += grains;
                    self.passed += grains;
                    return Some(self.next - grains);
                }
            }
        }
    }

    fn is_kept(&self, grain: usize) -> bool {
        let block = self.owners[grain].checked_sub(1).and_then(|first| self.blocks[first as usize]);
        // Those of this program are not come to again.
        block.is_some_and(|block| block.given.is_none())
    }
}

/// Returns how many bytes after a block must stay as they are.
fn after(block: &Block) -> usize {
    (block.size + 2 * ZONE).next_multiple_of(GRAIN) - ZONE - block.size
}
