//! Chooses the few of many that together have all that all have.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::Hash;

/// Is one that can be chosen.
pub(super) struct Choice<Thing> {
    /// Tells who it is.
    pub of: usize,
    /// Counts its bytes: the smaller one of two is chosen.
    pub size: usize,
    /// Lists what it reaches, each once.
    pub reaches: Vec<Thing>,
}

/// Chooses few that reach all that all reach, and returns their places in order: those that something needs, then the one that adds
/// most, again and again, the smallest of those that add as much, the first of those as small. What the others make needless is left
/// out in the end, the largest first. The least that there can be is hard to find; of these none can be left out.
pub(super) fn fewest<Thing: Copy + Eq + Hash>(choices: &[Choice<Thing>]) -> Vec<usize> {
    let mut reached_by: HashMap<Thing, (usize, usize)> = HashMap::new();
    for (at, choice) in choices.iter().enumerate() {
        choice.reaches.iter().for_each(|thing| reached_by.entry(*thing).or_insert((0, at)).0 += 1);
    }
    let mut chosen = Chosen { choices, taken: vec![false; choices.len()], times: HashMap::new() };
    for (at, choice) in choices.iter().enumerate() {
        if choice.reaches.iter().any(|thing| reached_by[thing] == (1, at)) {
            chosen.take(at);
        }
    }
    // Looks at the best again only when it comes up: what one adds becomes less, and never more.
    let rank = |at: usize, adds: usize| (adds, Reverse(choices[at].size), Reverse(at));
    let mut heap: BinaryHeap<_> = (0..choices.len()).map(|at| rank(at, choices[at].reaches.len())).collect();
    while let Some((adds, _, Reverse(at))) = heap.pop() {
        match chosen.adds(at) {
            0 => {}
            now if now == adds => chosen.take(at),
            now => heap.push(rank(at, now)),
        }
    }
    chosen.without_needless()
}

/// Holds those that were chosen so far.
struct Chosen<'a, Thing> {
    choices: &'a [Choice<Thing>],
    taken: Vec<bool>,
    /// Counts how many of them reach each thing.
    times: HashMap<Thing, usize>,
}

impl<Thing: Copy + Eq + Hash> Chosen<'_, Thing> {
    fn take(&mut self, at: usize) {
        self.taken[at] = true;
        self.choices[at].reaches.iter().for_each(|thing| *self.times.entry(*thing).or_default() += 1);
    }

    /// Returns how much one would add.
    fn adds(&self, at: usize) -> usize {
        self.choices[at].reaches.iter().filter(|thing| !self.times.contains_key(thing)).count()
    }

    fn without_needless(mut self) -> Vec<usize> {
        let mut places: Vec<usize> = (0..self.choices.len()).filter(|at| self.taken[*at]).collect();
        places.sort_by_key(|at| Reverse((self.choices[*at].size, *at)));
        for at in places {
            let reaches = &self.choices[at].reaches;
            if reaches.iter().all(|thing| self.times[thing] > 1) {
                self.taken[at] = false;
                reaches.iter().for_each(|thing| *self.times.entry(*thing).or_default() -= 1);
            }
        }
        (0..self.choices.len()).filter(|at| self.taken[*at]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(choices: &[(usize, &str)]) -> Vec<usize> {
        let choice = |(of, (size, reaches)): (usize, &(usize, &str))| Choice {
            of,
            size: *size,
            reaches: reaches.chars().collect::<Vec<_>>(),
        };
        fewest(&choices.iter().enumerate().map(choice).collect::<Vec<_>>())
    }

    #[test]
    fn few_reach_all_that_all_reach() {
        assert_eq!(chosen(&[]), [0; 0]);
        // What reaches nothing is not needed.
        assert_eq!(chosen(&[(1, "")]), [0; 0]);
        // One that reaches as much and is smaller; the first of two alike.
        assert_eq!(chosen(&[(3, "ab"), (2, "ab"), (2, "ab")]), [1]);
        // Something that one alone reaches.
        assert_eq!(chosen(&[(1, "abc"), (900, "z"), (1, "ab")]), [0, 1]);
        // The one that adds most is not needed beside those that something needs.
        assert_eq!(chosen(&[(1, "bcde"), (1, "abc"), (1, "def")]), [1, 2]);
        // Nor where the others come after it.
        assert_eq!(chosen(&[(9, "bcde"), (1, "abc"), (1, "def"), (5, "ab"), (5, "ef")]).len(), 2);
    }

    /// Whatever the sets, nothing is lost and nothing is too much.
    #[test]
    fn none_of_the_chosen_can_be_left_out() {
        let mut draw = fastrand::Rng::with_seed(1);
        for _ in 0..200 {
            let choices: Vec<Choice<u8>> = (0..draw.usize(1..30))
                .map(|of| {
                    let reaches = (0..20).filter(|_| draw.u8(0..5) == 0).collect();
                    Choice { of, size: draw.usize(0..5), reaches }
                })
                .collect();
            let all = |of: &[usize]| -> std::collections::BTreeSet<u8> {
                of.iter().flat_map(|at| choices[*at].reaches.clone()).collect()
            };
            let (every, few) = ((0..choices.len()).collect::<Vec<_>>(), fewest(&choices));
            assert_eq!(all(&few), all(&every));
            for left_out in &few {
                let rest: Vec<usize> = few.iter().filter(|at| *at != left_out).copied().collect();
                assert_ne!(all(&rest), all(&every));
            }
        }
    }
}
