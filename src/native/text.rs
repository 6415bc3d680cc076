//! A session as text: `SSL_SESSION_print` and `SSL_SESSION_print_keylog` (ssl/ssl_txt.c, 3.6.3).

use std::io::Write;
use std::sync::atomic::Ordering::Relaxed;

use super::buffers::{Buffer, Rare};
use super::ciphers;
use super::der::Keys;
use super::library::Compression;
use super::session::Session;

/// Is the bit of the flags that says that the master secret is the extended one: `SSL_SESS_FLAG_EXTMS`.
const EXTENDED_MASTER_SECRET: u32 = 1;
const TLS_1_3: i32 = 0x0304;

/// Appends formatted text.
macro_rules! put {
    ($out:ident, $($format:tt)*) => {
        // A vector takes everything.
        _ = write!($out, $($format)*)
    };
}

impl Session {
    /// Appends the session as text: `SSL_SESSION_print`, to a BIO that takes everything. Returns false where it fails, and then
    /// appends what comes before. It fails at an empty string of PSK or SRP and at an empty ticket, of which a BIO writes
    /// 0 bytes, and at a compression method where there is no cipher suite.
    pub fn print(&self, keys: &mut dyn Keys, out: &mut Vec<u8>) -> bool {
        let session = &*self.0;
        let version = self.protocol_version();
        put!(out, "SSL-Session:\n    Protocol  : {}\n", protocol(version));
        match self.cipher() {
            None => put!(out, "    Cipher    : {:04X}", session.cipher_id.load(Relaxed) & 0xffff),
            Some(cipher) => {
                let name = ciphers::name(cipher.0, &session.library.rules);
                put!(out, "    Cipher    : {}", name.unwrap_or("unknown"));
            }
        }
        out.extend_from_slice(b"\n    Session-ID: ");
        put_hex(out, self.id().as_slice());
        out.extend_from_slice(b"\n    Session-ID-ctx: ");
        put_hex(out, self.id_context().as_slice());
        let secret: &[u8] = if version == TLS_1_3 { b"\n    Resumption PSK: " } else { b"\n    Master-Key: " };
        out.extend_from_slice(secret);
        self.put_master_key_in_hex(out);
        if !self.put_names_and_ticket(out) {
            return false;
        }
        match self.compress_id() {
            0 => {}
            _ if !session.library.compression().keeps() => {}
            _ if self.cipher().is_none() => return false,
            // LN_zlib_compression (include/openssl/obj_mac.h).
            1 if session.library.compression() == Compression::Zlib => {
                put!(out, "\n    Compression: 1 (zlib compression)")
            }
            method => put!(out, "\n    Compression: {}", method as i32),
        }
        let time = session.library.rules.time;
        let (start, timeout) = (session.time.load(Relaxed), session.timeout.load(Relaxed));
        if start != 0 {
            put!(out, "\n    Start Time: {}", time.seconds(start));
        }
        if timeout != 0 {
            put!(out, "\n    Timeout   : {} (sec)", time.seconds(timeout));
        }
        let result = session.verify_result.load(Relaxed);
        put!(out, "\n    Verify return code: {result} ({})\n", keys.verify_text(result));
        let extended = session.flags.load(Relaxed) & EXTENDED_MASTER_SECRET != 0;
        put!(out, "    Extended master secret: {}\n", if extended { "yes" } else { "no" });
        if version == TLS_1_3 {
            put!(out, "    Max Early Data: {}\n", self.max_early_data());
        }
        true
    }

    /// Appends what PSK, SRP and the ticket are. Returns false where one of them is empty.
    fn put_names_and_ticket(&self, out: &mut Vec<u8>) -> bool {
        const NO: &[u8] = b"None";
        let buffers = self.0.buffers.lock();
        let rare = buffers.rare();
        let name = |of: fn(&Rare) -> &Option<Vec<u8>>| rare.and_then(|rare| of(rare).as_deref()).unwrap_or(NO);
        for (label, name) in [
            ("PSK identity", name(|rare| &rare.psk_identity)),
            ("PSK identity hint", name(|rare| &rare.psk_identity_hint)),
            ("SRP username", name(|rare| &rare.srp_username)),
        ] {
            put!(out, "\n    {label}: ");
            out.extend_from_slice(name);
            if name.is_empty() {
                return false;
            }
        }
        let hint = self.ticket_lifetime_hint();
        if hint != 0 {
            put!(out, "\n    TLS session ticket lifetime hint: {} (seconds)", hint as i64);
        }
        match buffers.get(Buffer::Ticket) {
            None => true,
            Some(ticket) => {
                out.extend_from_slice(b"\n    TLS session ticket:\n");
                put_dump(out, ticket);
                !ticket.is_empty()
            }
        }
    }

    /// Appends the master key as a line of a key log: `SSL_SESSION_print_keylog`. Returns false and appends nothing where the
    /// session has no id or no master key.
    pub fn print_keylog(&self, out: &mut Vec<u8>) -> bool {
        if self.id().as_slice().is_empty() || self.0.master_key.len() == 0 {
            return false;
        }
        out.extend_from_slice(b"RSA Session-ID:");
        put_hex(out, self.id().as_slice());
        out.extend_from_slice(b" Master-Key:");
        self.put_master_key_in_hex(out);
        out.push(b'\n');
        true
    }

    fn put_master_key_in_hex(&self, out: &mut Vec<u8>) {
        let mut key = zeroize::Zeroizing::new([0; 512]);
        let length = self.0.master_key.copy_to(&mut key[..]);
        put_hex(out, &key[..length]);
    }
}

/// Says what a protocol version is called: `ssl_protocol_to_string` (ssl/ssl_lib.c, 3.6.3).
fn protocol(version: i32) -> &'static str {
    match version {
        TLS_1_3 => "TLSv1.3",
        0x0303 => "TLSv1.2",
        0x0302 => "TLSv1.1",
        0x0301 => "TLSv1",
        0x0300 => "SSLv3",
        0x0100 => "DTLSv0.9",
        0xfeff => "DTLSv1",
        0xfefd => "DTLSv1.2",
        _ => "unknown",
    }
}

fn put_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.extend(bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]));
}

/// Appends bytes in rows of 16, indented by 4: `BIO_dump_indent` (crypto/bio/bio_dump.c, 3.6.3).
fn put_dump(out: &mut Vec<u8>, bytes: &[u8]) {
    const ROW: usize = 16;
    for (number, row) in bytes.chunks(ROW).enumerate() {
        put!(out, "    {:04x} - ", number * ROW);
        for (at, byte) in row.iter().enumerate() {
            let [high, low] = [byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]);
            out.extend_from_slice(&[high, low, if at == 7 { b'-' } else { b' ' }]);
        }
        out.resize(out.len() + 3 * (ROW - row.len()) + 2, b' ');
        out.extend(row.iter().map(|byte| if (b' '..=b'~').contains(byte) { *byte } else { b'.' }));
        out.push(b'\n');
    }
}
