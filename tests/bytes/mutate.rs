//! Stored sessions, and what becomes of them when they are changed: elements, lengths, forms of BER, bytes.

use fastrand::Rng;

/// Holds a tree of elements. The tag is the first byte.
#[derive(Clone, Debug)]
pub enum Node {
    Leaf(u8, Vec<u8>),
    Tree(u8, Vec<Node>),
}

use Node::{Leaf, Tree};

pub const PEER: &[u8] = include_bytes!("../../src/samples/peer.der");

/// Finds the public key in the certificate.
pub fn public_key() -> Vec<u8> {
    let at = PEER.windows(4).position(|bytes| bytes == [0x30, 0x59, 0x30, 0x13]).expect("a key on P-256");
    PEER[at..at + 0x5b].to_vec()
}

fn integer(number: i64) -> Node {
    let bytes = number.to_be_bytes();
    let redundant = |at: &usize| bytes[*at] == if bytes[at + 1] & 0x80 == 0 { 0 } else { 0xff };
    Leaf(2, bytes[(0..7).find(|at| !redundant(at)).unwrap_or(7)..].to_vec())
}

fn octets(bytes: &[u8]) -> Node {
    Leaf(4, bytes.to_vec())
}

/// Makes a session of a protocol version.
pub fn version(version: i64) -> Node {
    let context = Tree(0xa4, vec![octets(b"")]);
    Tree(0x30, vec![integer(1), integer(version), octets(&[0xc0, 0x2f]), octets(b""), octets(b""), context])
}

/// Makes a session with every field that there is up to a tag; with `odd` a number that makes fields long, empty or huge.
pub fn full(last: u8, rng: &mut Rng, odd: bool) -> Node {
    let mut bytes = |most: usize| -> Vec<u8> {
        let length = if odd { rng.usize(..=most) } else { most / 2 };
        (0..length).map(|_| if odd && rng.u8(..8) == 0 { 0 } else { rng.u8(..) }).collect()
    };
    let tagged = |tag: u8, node: Node| Tree(0xa0 | tag, vec![node]);
    let mut nodes = vec![
        integer(1),
        integer(0x0303),
        octets(&[0xc0, 0x2f]),
        octets(&bytes(32)),
        octets(&bytes(96)),
        tagged(1, integer(1_600_000_000)),
        tagged(2, integer(7_200)),
        Tree(0xa3, vec![Leaf(0x30, PEER[4..].to_vec())]),
        tagged(4, octets(&bytes(32))),
        tagged(5, integer(10)),
        tagged(6, octets(b"example.org")),
        tagged(7, octets(&bytes(20))),
        tagged(8, octets(&bytes(20))),
        tagged(9, integer(300)),
        tagged(10, octets(&bytes(200))),
        tagged(11, octets(&[1])),
        tagged(12, octets(b"user")),
        tagged(13, integer(3)),
        tagged(14, integer(0xdead_beef)),
        tagged(15, integer(16_384)),
        tagged(16, octets(b"h2")),
        tagged(17, integer(2)),
        tagged(18, octets(&bytes(30))),
        tagged(19, integer(0x1d)),
        tagged(20, octets(&public_key())),
    ];
    nodes.truncate(5 + usize::from(last));
    Tree(0x30, nodes)
}

/// Reads DER as a tree; the certificate and strings are leaves.
pub fn parse(der: &[u8]) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut rest = der;
    while let [tag, first, after @ ..] = rest {
        let (length, after) = match *first {
            0x81 => (usize::from(after[0]), &after[1..]),
            0x82 => (usize::from(after[0]) << 8 | usize::from(after[1]), &after[2..]),
            length => (usize::from(length), after),
        };
        let (contents, after) = after.split_at(length);
        let is_tree = *tag & 0x20 != 0 && (nodes.is_empty() || *tag != 0x30);
        nodes.push(if is_tree { Tree(*tag, parse_inner(*tag, contents)) } else { Leaf(*tag, contents.to_vec()) });
        rest = after;
    }
    nodes
}

fn parse_inner(tag: u8, contents: &[u8]) -> Vec<Node> {
    if tag == 0xa3 { vec![Leaf(0x30, contents[4..].to_vec())] } else { parse(contents) }
}

/// Says how often something is written in another form than DER, one in so many; 0 is never.
pub fn encode(node: &Node, wild: u32, rng: &mut Rng) -> Vec<u8> {
    let is_wild = |rng: &mut Rng| wild != 0 && rng.u32(..wild) == 0;
    let (tag, contents, constructed) = match node {
        Leaf(4, bytes) if is_wild(rng) => {
            let depth = rng.u32(1..8);
            return pieces(bytes, depth, rng);
        }
        Leaf(tag, bytes) => (*tag, bytes.clone(), tag & 0x20 != 0),
        Tree(tag, nodes) => (*tag, nodes.iter().flat_map(|node| encode(node, wild, rng)).collect(), true),
    };
    if constructed && is_wild(rng) {
        return indefinite(tag, &contents);
    }
    let mut out = if is_wild(rng) { long_tag(tag, rng) } else { vec![tag] };
    if is_wild(rng) {
        out.extend(long_length(contents.len(), rng))
    } else {
        out.extend(length(contents.len()))
    }
    out.extend(contents);
    out
}

fn indefinite(tag: u8, contents: &[u8]) -> Vec<u8> {
    [&[tag | 0x20, 0x80], contents, &[0, 0]].concat()
}

fn length(length: usize) -> Vec<u8> {
    match length {
        0..=0x7f => vec![length as u8],
        0x80..=0xff => vec![0x81, length as u8],
        _ => vec![0x82, (length >> 8) as u8, length as u8],
    }
}

fn long_length(length: usize, rng: &mut Rng) -> Vec<u8> {
    let zeros = if rng.bool() { rng.usize(..4) } else { rng.usize(..16) };
    let bytes = if length == 0 && rng.bool() { vec![] } else { (length as u16).to_be_bytes().to_vec() };
    [vec![0x80 | (zeros + bytes.len()) as u8], vec![0; zeros], bytes].concat()
}

fn long_tag(tag: u8, rng: &mut Rng) -> Vec<u8> {
    let zeros = rng.usize(..6);
    [vec![tag | 0x1f], vec![0x80; zeros], vec![tag & 0x1f]].concat()
}

/// Writes a string in pieces, which may be in pieces themselves.
fn pieces(bytes: &[u8], depth: u32, rng: &mut Rng) -> Vec<u8> {
    let mut contents = Vec::new();
    let mut rest = bytes;
    loop {
        let (piece, after) = rest.split_at(if depth > 1 { rest.len() } else { rng.usize(..=rest.len()) });
        // The tag of a piece does not matter.
        let tag = if rng.u8(..4) == 0 { rng.u8(..) & !0x20 } else { 4 };
        contents.extend(match depth {
            1 => [vec![tag], length(piece.len()), piece.to_vec()].concat(),
            _ => pieces(piece, depth - 1, rng),
        });
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    if rng.bool() { indefinite(4, &contents) } else { [vec![0x24], length(contents.len()), contents].concat() }
}

/// Changes an element somewhere in the tree.
pub fn change(node: &mut Node, rng: &mut Rng) {
    match node {
        Tree(_, nodes) if nodes.len() > 1 => change_list(nodes, rng),
        Tree(_, nodes) if !nodes.is_empty() && rng.u8(..8) != 0 => change(&mut nodes[0], rng),
        Tree(tag, nodes) => match rng.u8(..4) {
            0 => *tag = rng.u8(..),
            1 => nodes.push(octets(b"more")),
            2 => nodes.clear(),
            _ => nodes.push(Leaf(5, vec![])),
        },
        Leaf(2, bytes) => *bytes = number(rng),
        Leaf(0x30, bytes) if !bytes.is_empty() => {
            let at = rng.usize(..bytes.len());
            bytes[at] ^= 1 << rng.u8(..8);
        }
        Leaf(tag, bytes) => match rng.u8(..8) {
            0 => *tag = rng.u8(..),
            1 => bytes.clear(),
            2 => bytes.push(rng.u8(..)),
            3 => bytes.truncate(rng.usize(..=bytes.len())),
            4 => bytes.insert(rng.usize(..=bytes.len()), 0),
            5 => *bytes = (0..rng.usize(..600)).map(|_| rng.u8(..)).collect(),
            6 if !bytes.is_empty() => {
                let at = rng.usize(..bytes.len());
                bytes[at] = rng.u8(..);
            }
            _ => bytes.resize(rng.usize(..70), 7),
        },
    }
}

fn change_list(nodes: &mut Vec<Node>, rng: &mut Rng) {
    let at = rng.usize(..nodes.len());
    match rng.u8(..12) {
        0 => _ = nodes.remove(at),
        1 => nodes.insert(at, nodes[at].clone()),
        2 => {
            let other = rng.usize(..nodes.len());
            nodes.swap(at, other);
        }
        3 => nodes.insert(at, Leaf(rng.u8(..), vec![0; rng.usize(..3)])),
        4 => nodes.insert(at, Tree(0xa0 | rng.u8(..24), vec![octets(b"x")])),
        5 => nodes.truncate(at),
        6 => nodes.insert(at, Leaf(0x80, b"key_arg".to_vec())),
        7 => nodes.insert(5.min(nodes.len()), Leaf(0x80, b"key_arg".to_vec())),
        _ => change(&mut nodes[at], rng),
    }
}

/// Makes the contents of an INTEGER.
fn number(rng: &mut Rng) -> Vec<u8> {
    const BYTES: [u8; 6] = [0, 0xff, 0x80, 0x7f, 1, 0xfe];
    let length = if rng.bool() { rng.usize(..3) } else { rng.usize(..11) };
    (0..length).map(|_| if rng.u8(..4) == 0 { rng.u8(..) } else { BYTES[rng.usize(..6)] }).collect()
}

/// Changes bytes, whatever they are.
pub fn change_bytes(bytes: &mut Vec<u8>, rng: &mut Rng) {
    if bytes.is_empty() {
        return;
    }
    // Most of what matters is in front of the certificate, or near the end.
    let at = match rng.u8(..3) {
        0 => rng.usize(..bytes.len().min(16)),
        1 => bytes.len() - 1 - rng.usize(..bytes.len().min(90)),
        _ => rng.usize(..bytes.len()),
    };
    match rng.u8(..8) {
        0 => bytes[at] ^= 1 << rng.u8(..8),
        1 => bytes[at] = rng.u8(..),
        2 => bytes.truncate(at),
        3 => bytes.insert(at, rng.u8(..)),
        4 => _ = bytes.remove(at),
        5 => bytes.extend((0..rng.usize(..4)).map(|_| rng.u8(..))),
        6 => bytes[at] = [0, 0x80, 0x81, 0x82, 0x84, 0x88, 0x89, 0xff][rng.usize(..8)],
        _ => bytes[at] = bytes[at].wrapping_add(1),
    }
}
