//! Sessions that only a handshake can make, as fixed contents: the native session takes them as they are, a C library
//! reads the same from DER with `d2i_SSL_SESSION`.

use std::sync::LazyLock;

use crate::der::encoded as element;
use crate::native::{self, Compression, Established, Parsed};
use crate::op::Sample;

/// What a buffer holds before a call copies into it.
pub const UNTOUCHED: u8 = 0xa5;

/// Says what the linked library is expected to know of compression. A port looks for itself.
pub const COMPRESSION: Compression = if cfg!(openssl_no_comp) { Compression::Absent } else { Compression::Numbers };

/// A self-signed certificate, ECDSA P-256, in DER.
pub(crate) static PEER: &[u8] = include_bytes!("samples/peer.der");

static SAMPLES: LazyLock<Vec<(Established, Vec<u8>)>> = LazyLock::new(|| {
    let all = Sample::ALL.iter().map(|sample| contents(*sample));
    all.map(|contents| (contents.clone(), der(&contents))).collect()
});

/// Holds the certificate that servers have, in DER.
pub(crate) const SERVER_CERTIFICATE: &[u8] = include_bytes!("samples/server.der");
/// Holds the certificate that `use_certificate` gives, in DER.
pub(crate) const CLIENT_CERTIFICATE: &[u8] = include_bytes!("samples/client.der");

/// Lists certificates that every library reads.
static CERTIFICATES: [&[u8]; 3] = [PEER, SERVER_CERTIFICATE, CLIENT_CERTIFICATE];

/// Returns the certificate that these bytes begin with, if it is one of ours.
pub fn certificate(bytes: &[u8]) -> Option<Parsed> {
    let known = CERTIFICATES.iter().find(|known| bytes.starts_with(known))?;
    Some(Parsed { length: known.len(), der: known.to_vec() })
}

/// An Ed25519 public key in DER.
pub(crate) static KEY: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00a public key of thirty-two bytes";

/// Returns the public key that these bytes begin with, if it is ours, which every library reads.
pub fn public_key(bytes: &[u8]) -> Option<Parsed> {
    bytes.starts_with(KEY).then(|| Parsed { length: KEY.len(), der: KEY.to_vec() })
}

/// Returns the contents of a sample.
pub fn established(sample: Sample) -> &'static Established {
    &SAMPLES[sample as usize].0
}

/// Returns a sample as `d2i_SSL_SESSION` reads it.
pub fn encoded(sample: Sample) -> &'static [u8] {
    &SAMPLES[sample as usize].1
}

/// Returns the DER of a session with a compression method.
#[cfg(feature = "linked")]
pub(crate) fn with_compression() -> Vec<u8> {
    der(&Established { compress_id: 1, ..contents(Sample::Tls12Id) })
}

/// Returns the DER of a session of a peer that showed a public key and no certificate.
#[cfg(feature = "linked")]
pub(crate) fn with_key() -> Vec<u8> {
    let tls13 =
        Established { protocol_version: 0x0304, cipher: Some(native::Cipher(0x1301)), ..contents(Sample::Tls12Id) };
    element(0x30, &[crate::der::contents(&der(&tls13)), &element(0xb4, &element(0x04, KEY))].concat())
}

fn contents(sample: Sample) -> Established {
    let tls12 = Established {
        protocol_version: 0x0303,
        cipher: Some(native::Cipher(0xc02f)),
        id: (1..=32).collect(),
        master_key: (100..148).collect::<Vec<u8>>().into(),
        time: 1_600_000_000,
        timeout: 7_200,
        ..Established::default()
    };
    match sample {
        Sample::Tls12Id => tls12,
        Sample::Tls12Ticket => Established {
            id: Vec::new(),
            id_context: b"context".to_vec(),
            ticket: Some((0..=191).collect()),
            ticket_lifetime_hint: 300,
            hostname: Some(b"example.org".to_vec()),
            ..tls12
        },
        Sample::Tls13Ticket => Established {
            protocol_version: 0x0304,
            cipher: Some(native::Cipher(0x1301)),
            id: vec![7; 32],
            master_key: vec![9; 32].into(),
            ticket: Some(vec![0x5a; 208]),
            ticket_lifetime_hint: 7_200,
            max_early_data: 16_384,
            alpn: Some(b"h2".to_vec()),
            ticket_appdata: Some(b"application data".to_vec()),
            ..tls12
        },
        Sample::Tls12Peer => Established { peer: Some(PEER.to_vec()), ..tls12 },
        Sample::Tls12Odd => {
            Established { compress_id: 1, max_fragment_length: 2, hostname: Some(Vec::new()), id: vec![1], ..tls12 }
        }
        Sample::HintOnly => Established { ticket_lifetime_hint: 600, ..tls12 },
        Sample::Tls12Full => Established {
            id_context: b"full".to_vec(),
            ticket: Some((0..=99).collect()),
            ticket_lifetime_hint: 900,
            max_early_data: 1,
            hostname: Some(b"full.example.org".to_vec()),
            alpn: Some(b"http/1.1".to_vec()),
            ticket_appdata: Some(vec![0; 3]),
            compress_id: 1,
            max_fragment_length: 4,
            peer: Some(PEER.to_vec()),
            ..tls12
        },
        Sample::EmptyTicket => Established { ticket: Some(Vec::new()), ticket_lifetime_hint: 60, ..tls12 },
    }
}

/// Encodes an `SSL_SESSION` in DER: the module in ssl/ssl_asn1.c, of which these elements every release since 1.1.1 reads.
fn der(contents: &Established) -> Vec<u8> {
    let octets = |bytes: &[u8]| element(0x04, bytes);
    let cipher = contents.cipher.map_or(0, |cipher| cipher.0);
    let mut body = [
        integer(1),
        integer(contents.protocol_version.into()),
        octets(&cipher.to_be_bytes()),
        octets(&contents.id),
        octets(&contents.master_key),
    ]
    .concat();
    let mut tagged = |tag: u8, inner: Option<Vec<u8>>| {
        if let Some(inner) = inner {
            body.extend(element(0xa0 | tag, &inner));
        }
    };
    let number = |value: i64| (value != 0).then(|| integer(value));
    tagged(1, number(contents.time));
    tagged(2, number(contents.timeout));
    tagged(3, contents.peer.clone());
    tagged(4, Some(octets(&contents.id_context)));
    tagged(6, contents.hostname.as_deref().map(octets));
    tagged(9, number(contents.ticket_lifetime_hint as i64));
    tagged(10, contents.ticket.as_deref().map(octets));
    tagged(11, (contents.compress_id != 0).then(|| octets(&[contents.compress_id as u8])));
    tagged(15, number(contents.max_early_data.into()));
    tagged(16, contents.alpn.as_deref().map(octets));
    tagged(17, number(contents.max_fragment_length.into()));
    tagged(18, contents.ticket_appdata.as_deref().map(octets));
    element(0x30, &body)
}

fn integer(value: i64) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    // The shortest form whose first bit is still the sign.
    let redundant = |at: usize| {
        let sign = if bytes[at + 1] & 0x80 == 0 { 0 } else { 0xff };
        bytes[at] == sign
    };
    let start = (0..7).find(|at| !redundant(*at)).unwrap_or(7);
    element(0x02, &bytes[start..])
}
