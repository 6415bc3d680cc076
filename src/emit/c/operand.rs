//! Spells operands in C.

use super::value::{literal, number, time};
use crate::op::{
    AlpnCallback, BufferSlot, Bytes, CString, CacheMode, Cipher, Closed, ConnectionSlot, ContextSlot, DatagramMethod,
    DecryptTicket, ExIndex, Few, GenerateId, GenerateTicket, GetBlock, GetCallback, KeyUpdate, Kind, MaxVersion,
    Method, NameBlock, NewBlock, NewCallback, NotResumableCallback, Number, Options, ProtocolVersion, PskBlock,
    PskCallback, RemoveBlock, RemoveCallback, Room, Sample, ServerNameCallback, Slot, Suites, TicketKeyCallback,
    TicketKeys, Time, Verify,
};

/// Says where the bytes lie that a call reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lending {
    /// In a string literal.
    Literal,
    /// In the array `argument`, which is checked after the call to be as it was.
    Argument,
    /// Right before an inaccessible page.
    Guarded,
}

/// Spells an operand in C.
pub(super) trait InC {
    /// Spells the operand as an argument of a call of this kind, or as several with commas between them.
    fn in_c(&self, of: Kind, lending: Lending) -> String;
}

macro_rules! in_c {
    ($($type:ty: |$value:ident| $text:expr;)*) => {$(
        impl InC for $type {
            fn in_c(&self, _of: Kind, _lending: Lending) -> String {
                let $value = self;
                $text
            }
        }
    )*};
}

in_c! {
    Slot: |slot| slot.to_string();
    ContextSlot: |slot| slot.to_string();
    ConnectionSlot: |slot| slot.to_string();
    Option<Slot>: |slot| slot.map_or(NULL.into(), |slot| slot.to_string());
    Option<ContextSlot>: |slot| slot.map_or(NULL.into(), |slot| slot.to_string());
    Option<ConnectionSlot>: |slot| slot.map_or(NULL.into(), |slot| slot.to_string());
    Time: |at| format!("(time_t)({})", time(*at));
    i64: |value| number(*value);
    u8: |value| format!("{value:#04x}");
    u16: |value| value.to_string();
    u32: |value| format!("{value}u");
    Number: |value| format!("(void *)(uintptr_t){:#x}u", value.0);
    Room: |room| room.bytes().to_string();
    Few: |few| few.get().to_string();
    ExIndex: |index| index.number().to_string();
    Option<Cipher>: |cipher| cipher.map_or(NULL.into(), |cipher| format!("cipher({:#06x})", cipher.code()));
    Sample: |sample| sample.name().into();
    Method: |method| format!("{}()", method.name());
    DatagramMethod: |method| format!("{}()", method.name());
    CacheMode: |mode| mode.to_string();
    Closed: |closed| if closed.bits() == 0 { "0".into() } else { closed.to_string() };
    MaxVersion: |version| version.name().into();
    Options: |options| options.name().into();
    RemoveCallback: |callback| callback.name().into();
    NewCallback: |callback| callback.name().into();
    GetCallback: |callback| callback.name().into();
    NotResumableCallback: |callback| callback.name().into();
    GenerateId: |callback| callback.name().into();
    // A function, which is written where the step is known (`block.rs`).
    RemoveBlock: |_block| NULL.into();
    NewBlock: |_block| NULL.into();
    GetBlock: |_block| NULL.into();
    PskBlock: |_block| NULL.into();
    NameBlock: |_block| NULL.into();
    ServerNameCallback: |callback| callback.name().into();
    Suites: |suites| format!("\"{}\"", suites.list().to_string_lossy());
    // Bytes and how many.
    TicketKeys: |keys| match keys {
        TicketKeys::None => "NULL, 0",
        TicketKeys::A => "ticket_keys_a, 80",
        TicketKeys::B => "ticket_keys_b, 80",
        TicketKeys::Short => "ticket_keys_a, 79",
    }.into();
    GenerateTicket: |callback| callback.name().into();
    TicketKeyCallback: |callback| callback.name().into();
    // A callback together with its argument.
    DecryptTicket: |callback| format!("{}, NULL", callback.name());
    AlpnCallback: |callback| format!("{}, NULL", callback.name());
    // A mode together with the callback that it needs.
    Verify: |mode| match mode {
        Verify::None | Verify::Peer => format!("{}, takes_any", mode.name()),
        Verify::Later => "SSL_VERIFY_PEER | SSL_VERIFY_POST_HANDSHAKE, takes_any".into(),
    };
    KeyUpdate: |update| update.name().into();
}

const NULL: &str = "NULL";

impl InC for ProtocolVersion {
    fn in_c(&self, _of: Kind, _lending: Lending) -> String {
        match self.0 {
            i32::MIN => "(-2147483647 - 1)".into(),
            0x0300..=0x0304 | 0xfefd | 0xfeff => format!("{:#06x}", self.0),
            version => version.to_string(),
        }
    }
}

/// Spells a byte variable, which some words of the harness's own change.
impl InC for BufferSlot {
    fn in_c(&self, of: Kind, _lending: Lending) -> String {
        let changes = matches!(of, Kind::SetByte | Kind::DeleteBytes | Kind::InsertBytes);
        format!("{}{self}", if changes { "&" } else { "" })
    }
}

/// Spells bytes as a pointer and a length. The length of `NULL` is 0.
impl InC for Bytes {
    fn in_c(&self, of: Kind, lending: Lending) -> String {
        let Some(bytes) = self.get() else { return "NULL, 0".into() };
        let (text, length) = (literal(bytes), bytes.len());
        // What C takes as unsigned characters in one call, it takes as no type at all in another.
        let any = if of == Kind::Set1TicketAppdata { "void" } else { "unsigned char" };
        // It takes what it does not change.
        let takes_any = of == Kind::SslSetTicketExt;
        match lending {
            Lending::Literal if takes_any => format!("(void *){text}, {length}"),
            Lending::Literal => format!("(const {any} *){text}, {length}"),
            Lending::Argument => format!("argument, {length}"),
            Lending::Guarded if takes_any => format!("(void *)lent({text}, {length}), {length}"),
            Lending::Guarded => format!("lent({text}, {length}), {length}"),
        }
    }
}

impl InC for CString {
    fn in_c(&self, _of: Kind, lending: Lending) -> String {
        let Some(bytes) = self.with_nul() else { return NULL.into() };
        let text = literal(&bytes[..bytes.len() - 1]);
        match lending {
            Lending::Literal => text,
            Lending::Argument => "(const char *)argument".into(),
            Lending::Guarded => format!("lent({text}, {})", bytes.len()),
        }
    }
}

/// Spells the function that a call of this kind registers. A client's has other arguments than a server's.
impl InC for PskCallback {
    fn in_c(&self, of: Kind, _lending: Lending) -> String {
        let client = of == Kind::CtxSetPskUseCb;
        let function = match self {
            PskCallback::None => NULL,
            PskCallback::Makes if client => "psk_use_cb_makes",
            PskCallback::Shares if client => "psk_use_cb_shares",
            PskCallback::Makes => "psk_find_cb_makes",
            PskCallback::Shares => "psk_find_cb_shares",
        };
        function.into()
    }
}
