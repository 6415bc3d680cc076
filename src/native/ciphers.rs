//! The cipher suites that a library knows, and what it calls them.
//!
//! They are those of a build with the default options: `ssl3_ciphers`, `tls13_ciphers` and `ssl3_scsvs` (ssl/s3_lib.c). A build
//! without Camellia, say, knows fewer, and one with weak ciphers more.

use super::library::Library;
use super::rules::{Followed, Rule};
use super::session::Cipher;
use Digest::{Absent, Other, Sha256, Sha384};

impl Library {
    /// Returns what a cipher suite is called, as `SSL_CIPHER_get_name` says it. `None`: the release does not know it.
    pub fn cipher_name(&self, cipher: Cipher) -> Option<&'static str> {
        name(cipher.0, &self.rules)
    }
}

/// Returns what a suite is called, or nothing where the release does not know it: `ssl3_get_cipher_by_id` (ssl/s3_lib.c, 3.6.3).
pub(super) fn name(code: u16, rules: &Followed) -> Option<&'static str> {
    let at = SUITES.binary_search_by_key(&code, |suite| suite.0).ok()?;
    let missing = match code {
        0x00c6 | 0x00c7 => rules.has(Rule::NoSm4Suites),
        0xc0b4 | 0xc0b5 => rules.has(Rule::NoIntegritySuites),
        0xc100..=0xc102 => rules.has(Rule::NoNewGostSuites),
        0xff85 if rules.has(Rule::NoNewGostSuites) => return Some("GOST2012-GOST8912-GOST8912"),
        _ => false,
    };
    if missing { None } else { Some(SUITES[at].1) }
}

/// Returns whether a release knows a suite.
pub(super) fn is_known(code: u16, rules: &Followed) -> bool {
    name(code, rules).is_some()
}

/// Says which digest goes with a suite: `SSL_HANDSHAKE_MAC_MASK` of its `algorithm2`, which `ssl_md` finds the digest by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Digest {
    Sha256,
    Sha384,
    /// Is one that no suite has that handshakes here agree on: MD5 with SHA-1, which stands for whatever the version has, and SM3.
    Other,
    /// Is of GOST, which no build has without an engine.
    Absent,
}

/// Returns the digest that goes with a suite. One that nobody knows has none.
pub(super) fn digest(cipher: Cipher) -> Digest {
    let at = SUITES.binary_search_by_key(&cipher.0, |suite| suite.0);
    at.map_or(Digest::Absent, |at| SUITES[at].2)
}

/// Holds codes, names and digests in the order of the codes, as 4.0.3 has them.
#[rustfmt::skip]
static SUITES: &[(u16, &str, Digest)] = &[
    (0x0001, "NULL-MD5", Other),
    (0x0002, "NULL-SHA", Other),
    (0x0007, "IDEA-CBC-SHA", Other),
    (0x002c, "PSK-NULL-SHA", Other),
    (0x002d, "DHE-PSK-NULL-SHA", Other),
    (0x002e, "RSA-PSK-NULL-SHA", Other),
    (0x002f, "AES128-SHA", Other),
    (0x0032, "DHE-DSS-AES128-SHA", Other),
    (0x0033, "DHE-RSA-AES128-SHA", Other),
    (0x0034, "ADH-AES128-SHA", Other),
    (0x0035, "AES256-SHA", Other),
    (0x0038, "DHE-DSS-AES256-SHA", Other),
    (0x0039, "DHE-RSA-AES256-SHA", Other),
    (0x003a, "ADH-AES256-SHA", Other),
    (0x003b, "NULL-SHA256", Other),
    (0x003c, "AES128-SHA256", Other),
    (0x003d, "AES256-SHA256", Other),
    (0x0040, "DHE-DSS-AES128-SHA256", Other),
    (0x0041, "CAMELLIA128-SHA", Other),
    (0x0044, "DHE-DSS-CAMELLIA128-SHA", Other),
    (0x0045, "DHE-RSA-CAMELLIA128-SHA", Other),
    (0x0046, "ADH-CAMELLIA128-SHA", Other),
    (0x0067, "DHE-RSA-AES128-SHA256", Other),
    (0x006a, "DHE-DSS-AES256-SHA256", Other),
    (0x006b, "DHE-RSA-AES256-SHA256", Other),
    (0x006c, "ADH-AES128-SHA256", Other),
    (0x006d, "ADH-AES256-SHA256", Other),
    (0x0081, "GOST2001-GOST89-GOST89", Absent),
    (0x0083, "GOST2001-NULL-GOST94", Absent),
    (0x0084, "CAMELLIA256-SHA", Other),
    (0x0087, "DHE-DSS-CAMELLIA256-SHA", Other),
    (0x0088, "DHE-RSA-CAMELLIA256-SHA", Other),
    (0x0089, "ADH-CAMELLIA256-SHA", Other),
    (0x008c, "PSK-AES128-CBC-SHA", Other),
    (0x008d, "PSK-AES256-CBC-SHA", Other),
    (0x0090, "DHE-PSK-AES128-CBC-SHA", Other),
    (0x0091, "DHE-PSK-AES256-CBC-SHA", Other),
    (0x0094, "RSA-PSK-AES128-CBC-SHA", Other),
    (0x0095, "RSA-PSK-AES256-CBC-SHA", Other),
    (0x0096, "SEED-SHA", Other),
    (0x0099, "DHE-DSS-SEED-SHA", Other),
    (0x009a, "DHE-RSA-SEED-SHA", Other),
    (0x009b, "ADH-SEED-SHA", Other),
    (0x009c, "AES128-GCM-SHA256", Sha256),
    (0x009d, "AES256-GCM-SHA384", Sha384),
    (0x009e, "DHE-RSA-AES128-GCM-SHA256", Sha256),
    (0x009f, "DHE-RSA-AES256-GCM-SHA384", Sha384),
    (0x00a2, "DHE-DSS-AES128-GCM-SHA256", Sha256),
    (0x00a3, "DHE-DSS-AES256-GCM-SHA384", Sha384),
    (0x00a6, "ADH-AES128-GCM-SHA256", Sha256),
    (0x00a7, "ADH-AES256-GCM-SHA384", Sha384),
    (0x00a8, "PSK-AES128-GCM-SHA256", Sha256),
    (0x00a9, "PSK-AES256-GCM-SHA384", Sha384),
    (0x00aa, "DHE-PSK-AES128-GCM-SHA256", Sha256),
    (0x00ab, "DHE-PSK-AES256-GCM-SHA384", Sha384),
    (0x00ac, "RSA-PSK-AES128-GCM-SHA256", Sha256),
    (0x00ad, "RSA-PSK-AES256-GCM-SHA384", Sha384),
    (0x00ae, "PSK-AES128-CBC-SHA256", Other),
    (0x00af, "PSK-AES256-CBC-SHA384", Sha384),
    (0x00b0, "PSK-NULL-SHA256", Other),
    (0x00b1, "PSK-NULL-SHA384", Sha384),
    (0x00b2, "DHE-PSK-AES128-CBC-SHA256", Other),
    (0x00b3, "DHE-PSK-AES256-CBC-SHA384", Sha384),
    (0x00b4, "DHE-PSK-NULL-SHA256", Other),
    (0x00b5, "DHE-PSK-NULL-SHA384", Sha384),
    (0x00b6, "RSA-PSK-AES128-CBC-SHA256", Other),
    (0x00b7, "RSA-PSK-AES256-CBC-SHA384", Sha384),
    (0x00b8, "RSA-PSK-NULL-SHA256", Other),
    (0x00b9, "RSA-PSK-NULL-SHA384", Sha384),
    (0x00ba, "CAMELLIA128-SHA256", Sha256),
    (0x00bd, "DHE-DSS-CAMELLIA128-SHA256", Sha256),
    (0x00be, "DHE-RSA-CAMELLIA128-SHA256", Sha256),
    (0x00bf, "ADH-CAMELLIA128-SHA256", Sha256),
    (0x00c0, "CAMELLIA256-SHA256", Sha256),
    (0x00c3, "DHE-DSS-CAMELLIA256-SHA256", Sha256),
    (0x00c4, "DHE-RSA-CAMELLIA256-SHA256", Sha256),
    (0x00c5, "ADH-CAMELLIA256-SHA256", Sha256),
    (0x00c6, "TLS_SM4_GCM_SM3", Other),
    (0x00c7, "TLS_SM4_CCM_SM3", Other),
    (0x00ff, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV", Other),
    (0x1301, "TLS_AES_128_GCM_SHA256", Sha256),
    (0x1302, "TLS_AES_256_GCM_SHA384", Sha384),
    (0x1303, "TLS_CHACHA20_POLY1305_SHA256", Sha256),
    (0x1304, "TLS_AES_128_CCM_SHA256", Sha256),
    (0x1305, "TLS_AES_128_CCM_8_SHA256", Sha256),
    (0x5600, "TLS_FALLBACK_SCSV", Other),
    (0xc006, "ECDHE-ECDSA-NULL-SHA", Other),
    (0xc009, "ECDHE-ECDSA-AES128-SHA", Other),
    (0xc00a, "ECDHE-ECDSA-AES256-SHA", Other),
    (0xc010, "ECDHE-RSA-NULL-SHA", Other),
    (0xc013, "ECDHE-RSA-AES128-SHA", Other),
    (0xc014, "ECDHE-RSA-AES256-SHA", Other),
    (0xc015, "AECDH-NULL-SHA", Other),
    (0xc018, "AECDH-AES128-SHA", Other),
    (0xc019, "AECDH-AES256-SHA", Other),
    (0xc01d, "SRP-AES-128-CBC-SHA", Other),
    (0xc01e, "SRP-RSA-AES-128-CBC-SHA", Other),
    (0xc01f, "SRP-DSS-AES-128-CBC-SHA", Other),
    (0xc020, "SRP-AES-256-CBC-SHA", Other),
    (0xc021, "SRP-RSA-AES-256-CBC-SHA", Other),
    (0xc022, "SRP-DSS-AES-256-CBC-SHA", Other),
    (0xc023, "ECDHE-ECDSA-AES128-SHA256", Sha256),
    (0xc024, "ECDHE-ECDSA-AES256-SHA384", Sha384),
    (0xc027, "ECDHE-RSA-AES128-SHA256", Sha256),
    (0xc028, "ECDHE-RSA-AES256-SHA384", Sha384),
    (0xc02b, "ECDHE-ECDSA-AES128-GCM-SHA256", Sha256),
    (0xc02c, "ECDHE-ECDSA-AES256-GCM-SHA384", Sha384),
    (0xc02f, "ECDHE-RSA-AES128-GCM-SHA256", Sha256),
    (0xc030, "ECDHE-RSA-AES256-GCM-SHA384", Sha384),
    (0xc035, "ECDHE-PSK-AES128-CBC-SHA", Other),
    (0xc036, "ECDHE-PSK-AES256-CBC-SHA", Other),
    (0xc037, "ECDHE-PSK-AES128-CBC-SHA256", Other),
    (0xc038, "ECDHE-PSK-AES256-CBC-SHA384", Sha384),
    (0xc039, "ECDHE-PSK-NULL-SHA", Other),
    (0xc03a, "ECDHE-PSK-NULL-SHA256", Other),
    (0xc03b, "ECDHE-PSK-NULL-SHA384", Sha384),
    (0xc050, "ARIA128-GCM-SHA256", Sha256),
    (0xc051, "ARIA256-GCM-SHA384", Sha384),
    (0xc052, "DHE-RSA-ARIA128-GCM-SHA256", Sha256),
    (0xc053, "DHE-RSA-ARIA256-GCM-SHA384", Sha384),
    (0xc056, "DHE-DSS-ARIA128-GCM-SHA256", Sha256),
    (0xc057, "DHE-DSS-ARIA256-GCM-SHA384", Sha384),
    (0xc05c, "ECDHE-ECDSA-ARIA128-GCM-SHA256", Sha256),
    (0xc05d, "ECDHE-ECDSA-ARIA256-GCM-SHA384", Sha384),
    (0xc060, "ECDHE-ARIA128-GCM-SHA256", Sha256),
    (0xc061, "ECDHE-ARIA256-GCM-SHA384", Sha384),
    (0xc06a, "PSK-ARIA128-GCM-SHA256", Sha256),
    (0xc06b, "PSK-ARIA256-GCM-SHA384", Sha384),
    (0xc06c, "DHE-PSK-ARIA128-GCM-SHA256", Sha256),
    (0xc06d, "DHE-PSK-ARIA256-GCM-SHA384", Sha384),
    (0xc06e, "RSA-PSK-ARIA128-GCM-SHA256", Sha256),
    (0xc06f, "RSA-PSK-ARIA256-GCM-SHA384", Sha384),
    (0xc072, "ECDHE-ECDSA-CAMELLIA128-SHA256", Sha256),
    (0xc073, "ECDHE-ECDSA-CAMELLIA256-SHA384", Sha384),
    (0xc076, "ECDHE-RSA-CAMELLIA128-SHA256", Sha256),
    (0xc077, "ECDHE-RSA-CAMELLIA256-SHA384", Sha384),
    (0xc094, "PSK-CAMELLIA128-SHA256", Other),
    (0xc095, "PSK-CAMELLIA256-SHA384", Sha384),
    (0xc096, "DHE-PSK-CAMELLIA128-SHA256", Other),
    (0xc097, "DHE-PSK-CAMELLIA256-SHA384", Sha384),
    (0xc098, "RSA-PSK-CAMELLIA128-SHA256", Other),
    (0xc099, "RSA-PSK-CAMELLIA256-SHA384", Sha384),
    (0xc09a, "ECDHE-PSK-CAMELLIA128-SHA256", Other),
    (0xc09b, "ECDHE-PSK-CAMELLIA256-SHA384", Sha384),
    (0xc09c, "AES128-CCM", Sha256),
    (0xc09d, "AES256-CCM", Sha256),
    (0xc09e, "DHE-RSA-AES128-CCM", Sha256),
    (0xc09f, "DHE-RSA-AES256-CCM", Sha256),
    (0xc0a0, "AES128-CCM8", Sha256),
    (0xc0a1, "AES256-CCM8", Sha256),
    (0xc0a2, "DHE-RSA-AES128-CCM8", Sha256),
    (0xc0a3, "DHE-RSA-AES256-CCM8", Sha256),
    (0xc0a4, "PSK-AES128-CCM", Sha256),
    (0xc0a5, "PSK-AES256-CCM", Sha256),
    (0xc0a6, "DHE-PSK-AES128-CCM", Sha256),
    (0xc0a7, "DHE-PSK-AES256-CCM", Sha256),
    (0xc0a8, "PSK-AES128-CCM8", Sha256),
    (0xc0a9, "PSK-AES256-CCM8", Sha256),
    (0xc0aa, "DHE-PSK-AES128-CCM8", Sha256),
    (0xc0ab, "DHE-PSK-AES256-CCM8", Sha256),
    (0xc0ac, "ECDHE-ECDSA-AES128-CCM", Sha256),
    (0xc0ad, "ECDHE-ECDSA-AES256-CCM", Sha256),
    (0xc0ae, "ECDHE-ECDSA-AES128-CCM8", Sha256),
    (0xc0af, "ECDHE-ECDSA-AES256-CCM8", Sha256),
    (0xc0b4, "TLS_SHA256_SHA256", Sha256),
    (0xc0b5, "TLS_SHA384_SHA384", Sha384),
    (0xc100, "GOST2012-KUZNYECHIK-KUZNYECHIKOMAC", Absent),
    (0xc101, "GOST2012-MAGMA-MAGMAOMAC", Absent),
    (0xc102, "IANA-GOST2012-GOST8912-GOST8912", Absent),
    (0xcca8, "ECDHE-RSA-CHACHA20-POLY1305", Sha256),
    (0xcca9, "ECDHE-ECDSA-CHACHA20-POLY1305", Sha256),
    (0xccaa, "DHE-RSA-CHACHA20-POLY1305", Sha256),
    (0xccab, "PSK-CHACHA20-POLY1305", Sha256),
    (0xccac, "ECDHE-PSK-CHACHA20-POLY1305", Sha256),
    (0xccad, "DHE-PSK-CHACHA20-POLY1305", Sha256),
    (0xccae, "RSA-PSK-CHACHA20-POLY1305", Sha256),
    (0xff85, "LEGACY-GOST2012-GOST8912-GOST8912", Absent),
    (0xff87, "GOST2012-NULL-GOST12", Absent),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::native::{Following, Rules};

    #[test]
    fn releases_know_the_suites_that_they_were_measured_with() {
        assert!(SUITES.is_sorted_by(|a, b| a.0 < b.0));
        let known = |release: &str| {
            let rules = Followed::new(Rules::of(release.parse().unwrap(), Following::Released));
            SUITES.iter().filter(|suite| is_known(suite.0, &rules)).count()
        };
        assert_eq!(["1.1.1w", "3.0.8", "3.3.2", "3.4.1", "3.6.3", "4.0.3"].map(known), [171, 174, 174, 176, 176, 178]);
    }
}
