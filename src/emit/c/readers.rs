//! Reads fields in C: as the prototypes of their getters say. Those that are bytes have a function each.

use crate::field::Field;
use crate::op::{Kind, for_each_op};

/// Says what a getter of a session's field returns.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Getter {
    /// A number.
    Number,
    /// A pointer to a `SSL_CIPHER`.
    Cipher,
    /// A string.
    Text,
    /// A pointer to a `X509`.
    Certificate,
    /// A pointer; its length goes into an `unsigned int`.
    Id,
    /// Pointer and length, through its arguments.
    Out,
    /// The same, and whether it could.
    OutAny,
}

macro_rules! define_getters {
    ($($section:ident { $(
        $(#[$doc:meta])* $code:literal $kind:ident $name:ident $dst:tt $operands:tt {$($fact:tt)*} {$($c:tt)*};
    )* })*) => {
        /// Returns what a call returns, if it is the getter of one field.
        pub(super) fn getter(kind: Kind) -> Option<Getter> {
            match kind { $($(Kind::$kind => getter!($section $($c)*),)*)* }
        }
    };
}

macro_rules! getter {
    (getters if $condition:ident $($c:tt)*) => { getter!(getters $($c)*) };
    (getters by_hand $($c:tt)*) => { getter!(getters $($c)*) };
    (getters fn(*const SSL_SESSION) -> $number:ident) => { Some(Getter::Number) };
    (getters fn(*const SSL_SESSION) -> *const SSL_CIPHER) => { Some(Getter::Cipher) };
    (getters fn(*const SSL_SESSION) -> *const c_char) => { Some(Getter::Text) };
    (getters fn(*mut SSL_SESSION) -> *mut X509) => { Some(Getter::Certificate) };
    (getters fn(*const SSL_SESSION, *mut c_uint) -> *const c_uchar) => { Some(Getter::Id) };
    (getters fn(*const SSL_SESSION, *mut *const c_uchar, *mut usize) -> ()) => { Some(Getter::Out) };
    (getters fn(*mut SSL_SESSION, *mut *mut c_void, *mut usize) -> c_int) => { Some(Getter::OutAny) };
    (custom $($c:tt)*) => { None };
    (plain $($c:tt)*) => { None };
}

for_each_op!(define_getters);

/// Returns the name of the function that reads a field.
pub(super) fn name(field: Field) -> String {
    format!("read_{}", field.name())
}

/// Writes the function that reads a field that is bytes.
pub(super) fn text(field: Field) -> String {
    let name = field.getter().name();
    let body = match getter(field.getter()) {
        _ if field == Field::Der => format!(
            "    static unsigned char *ders[2];\n    static int other;\n    unsigned char *at = NULL;\n    int length = \
             {name}(session, &at);\n\n    other = !other;\n    OPENSSL_free(ders[other]);\n    ders[other] = at;\n    read.at = \
             at;\n    read.length = length > 0 ? (size_t)length : 0;\n"
        ),
        Some(Getter::Id) => {
            format!(
                "    unsigned int length = 0;\n\n    read.at = {name}(session, &length);\n    read.length = length;\n"
            )
        }
        Some(Getter::Text) => {
            format!("    read.at = {name}(session);\n    read.length = read.at == NULL ? 0 : strlen(read.at);\n")
        }
        Some(Getter::Out) => format!(
            "    const unsigned char *at = NULL;\n\n    {name}(session, &at, &read.length);\n    read.at = at;\n"
        ),
        Some(Getter::OutAny) => {
            format!("    void *at = NULL;\n\n    {name}(session, &at, &read.length);\n    read.at = at;\n")
        }
        Some(Getter::Certificate) => format!(
            "    X509 *certificate = {name}(session);\n    unsigned char *der = NULL;\n\n    if (certificate != NULL)\n        \
             read.length = (size_t)i2d_X509(certificate, &der);\n    read.at = der;\n"
        ),
        // The master key, which is copied.
        None | Some(Getter::Number | Getter::Cipher) => format!(
            "    static unsigned char keys[2][1024];\n    static int other;\n\n    other = !other;\n    read.at = keys[other];\n    \
             read.length = {name}(session, keys[other], sizeof(keys[other]));\n"
        ),
    };
    let name = self::name(field);
    format!(
        "static struct bytes {name}(SSL_SESSION *session)\n{{\n    struct bytes read = {{ NULL, 0 }};\n{body}\n    return read;\n}}\n"
    )
}
