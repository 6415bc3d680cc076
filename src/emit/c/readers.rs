//! Reads fields that are bytes in C: a function each.

use crate::field::Field;

/// Returns the name of the function that reads a field.
pub(super) fn name(field: Field) -> String {
    format!("read_{}", field.name())
}

/// Writes the function that reads a field; nothing for a field that is no bytes.
pub(super) fn text(field: Field) -> String {
    let getter = field.getter().name();
    let body = match field {
        Field::Id | Field::IdContext => {
            format!(
                "    unsigned int length = 0;\n\n    read.at = {getter}(session, &length);\n    read.length = length;\n"
            )
        }
        Field::Hostname => {
            format!("    read.at = {getter}(session);\n    read.length = read.at == NULL ? 0 : strlen(read.at);\n")
        }
        Field::Alpn | Field::Ticket => format!(
            "    const unsigned char *at = NULL;\n\n    {getter}(session, &at, &read.length);\n    read.at = at;\n"
        ),
        Field::TicketAppdata => {
            format!("    void *at = NULL;\n\n    {getter}(session, &at, &read.length);\n    read.at = at;\n")
        }
        Field::MasterKey => format!(
            "    static unsigned char keys[2][1024];\n    static int other;\n\n    other = !other;\n    read.at = keys[other];\n    \
             read.length = {getter}(session, keys[other], sizeof(keys[other]));\n"
        ),
        Field::Peer => format!(
            "    X509 *certificate = {getter}(session);\n    unsigned char *der = NULL;\n\n    if (certificate != NULL)\n        \
             read.length = (size_t)i2d_X509(certificate, &der);\n    read.at = der;\n"
        ),
        Field::Time
        | Field::TimeEx
        | Field::Timeout
        | Field::ProtocolVersion
        | Field::Cipher
        | Field::MaxEarlyData
        | Field::HasTicket
        | Field::CompressId
        | Field::MaxFragmentLength
        | Field::Resumable
        | Field::LifetimeHint
        | Field::AppData
        | Field::ExCounted
        | Field::ExReplaced
        | Field::ExRefused
        | Field::ExUnregistered => return String::new(),
    };
    let name = name(field);
    format!(
        "\nstatic struct bytes {name}(SSL_SESSION *session)\n{{\n    struct bytes read = {{ NULL, 0 }};\n{body}\n    return read;\n}}\n"
    )
}
