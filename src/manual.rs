//! What the manual of OpenSSL says of a call: one sentence each, and the page where it stands.

use std::fmt;

/// A sentence of a manual page of OpenSSL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// Names the page, which is of section 3.
    pub page: &'static str,
    /// Holds the sentence as it stands there.
    pub text: &'static str,
}

/// Writes the page, then the sentence.
impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(3): {}", self.page, self.text)
    }
}

/// Returns what the manual of OpenSSL 3.0 says first of a function, or `None` where it has no page, or has none of this name: the
/// harness's own words are no functions.
pub fn sentence(function: &str) -> Option<Sentence> {
    let row = SENTENCES.iter().find(|(name, _, _)| *name == function)?;
    Some(Sentence { page: row.1, text: row.2 })
}

/// Function, page, sentence.
const SENTENCES: &[(&str, &str, &str)] = &[
    (
        "SSL_SESSION_new",
        "SSL_SESSION_free",
        "SSL_SESSION_new() creates a new SSL_SESSION structure and returns a pointer to it.",
    ),
    (
        "SSL_SESSION_dup",
        "SSL_SESSION_free",
        "SSL_SESSION_dup() copies the contents of the SSL_SESSION structure in src and returns a pointer to it.",
    ),
    (
        "SSL_SESSION_up_ref",
        "SSL_SESSION_free",
        "SSL_SESSION_up_ref() increments the reference count on the given SSL_SESSION structure.",
    ),
    (
        "SSL_SESSION_free",
        "SSL_SESSION_free",
        "SSL_SESSION_free() decrements the reference count of session and removes the SSL_SESSION structure pointed to by session and frees up the allocated memory, if the reference count has reached 0.",
    ),
    (
        "SSL_SESSION_set1_id",
        "SSL_SESSION_set1_id",
        "SSL_SESSION_set1_id() sets the session ID for the ssl SSL/TLS session to sid of length sid_len.",
    ),
    (
        "SSL_SESSION_set_protocol_version",
        "SSL_SESSION_get_protocol_version",
        "SSL_SESSION_set_protocol_version() sets the protocol version associated with the SSL_SESSION object s to the value version.",
    ),
    (
        "SSL_SESSION_get_master_key",
        "SSL_get_client_random",
        "SSL_SESSION_get_master_key() behaves the same, but extracts the master secret used to guarantee the security of the SSL/TLS session.",
    ),
    (
        "SSL_SESSION_set_ex_data",
        "BIO_get_ex_new_index",
        "TYPE_set_ex_data() is a function that calls CRYPTO_set_ex_data() with an offset into the opaque exdata part of the TYPE object.",
    ),
    (
        "SSL_SESSION_get_ex_data",
        "BIO_get_ex_new_index",
        "TYPE_get_ex_data() is a function that calls CRYPTO_get_ex_data() with an offset into the opaque exdata part of the TYPE object.",
    ),
    (
        "SSL_CTX_new",
        "SSL_CTX_new",
        "SSL_CTX_new() does the same as SSL_CTX_new_ex() except that the default library context is used and no property query string is specified.",
    ),
    (
        "SSL_CTX_up_ref",
        "SSL_CTX_new",
        "SSL_CTX_up_ref() increments the reference count for an existing SSL_CTX structure.",
    ),
    (
        "SSL_CTX_free",
        "SSL_CTX_free",
        "SSL_CTX_free() decrements the reference count of ctx, and removes the SSL_CTX object pointed to by ctx and frees up the allocated memory if the reference count has reached 0.",
    ),
    (
        "SSL_CTX_set_timeout",
        "SSL_CTX_set_timeout",
        "SSL_CTX_set_timeout() sets the timeout for newly created sessions for ctx to t.",
    ),
    ("SSL_CTX_add_session", "SSL_CTX_add_session", "SSL_CTX_add_session() adds the session c to the context ctx."),
    (
        "SSL_CTX_remove_session",
        "SSL_CTX_add_session",
        "SSL_CTX_remove_session() removes the session c from the context ctx and marks it as non-resumable.",
    ),
    (
        "SSL_CTX_flush_sessions",
        "SSL_CTX_flush_sessions",
        "SSL_CTX_flush_sessions() causes a run through the session cache of ctx to remove sessions expired at time tm.",
    ),
    (
        "SSL_CTX_sessions",
        "SSL_CTX_sessions",
        "SSL_CTX_sessions() returns a pointer to the lhash databases containing the internal session cache for ctx.",
    ),
    (
        "SSL_CTX_sess_set_remove_cb",
        "SSL_CTX_sess_set_get_cb",
        "SSL_CTX_sess_set_remove_cb() sets the callback function that is called whenever a session is removed by the SSL engine.",
    ),
    (
        "SSL_new",
        "SSL_new",
        "SSL_new() creates a new SSL structure which is needed to hold the data for a TLS/SSL connection.",
    ),
    ("SSL_up_ref", "SSL_new", "SSL_up_ref() increments the reference count for an existing SSL structure."),
    (
        "SSL_free",
        "SSL_free",
        "SSL_free() decrements the reference count of ssl, and removes the SSL structure pointed to by ssl and frees up the allocated memory if the reference count has reached 0.",
    ),
    ("SSL_clear", "SSL_clear", "SSL_clear is used to prepare an SSL object for a new connection."),
    (
        "SSL_dup",
        "SSL_new",
        "The function SSL_dup() creates and returns a new SSL structure from the same SSL_CTX that was used to create s.",
    ),
    (
        "SSL_set_session",
        "SSL_set_session",
        "SSL_set_session() sets session to be used when the TLS/SSL connection is to be established.",
    ),
    (
        "SSL_get_session",
        "SSL_get_session",
        "SSL_get_session() returns a pointer to the SSL_SESSION actually used in ssl.",
    ),
    ("SSL_get0_session", "SSL_get_session", "SSL_get0_session() is the same as SSL_get_session()."),
    (
        "SSL_get1_session",
        "SSL_get_session",
        "SSL_get1_session() is the same as SSL_get_session(), but the reference count of the SSL_SESSION is incremented by one.",
    ),
    ("SSL_shutdown", "SSL_shutdown", "SSL_shutdown() shuts down an active TLS/SSL connection."),
    (
        "SSL_CTX_set_max_proto_version",
        "SSL_CTX_set_min_proto_version",
        "The functions get or set the minimum and maximum supported protocol versions for the ctx or ssl.",
    ),
    (
        "SSL_CTX_set_options",
        "SSL_CTX_set_options",
        "SSL_CTX_set_options() adds the options set via bit-mask in options to ctx.",
    ),
    (
        "SSL_CTX_clear_options",
        "SSL_CTX_set_options",
        "SSL_CTX_clear_options() clears the options set via bit-mask in options to ctx.",
    ),
    (
        "SSL_new_session_ticket",
        "SSL_CTX_set_num_tickets",
        "To issue tickets after other events (such as application-layer changes), SSL_new_session_ticket() is used by a server application to request that a new ticket be sent when it is safe to do so.",
    ),
    (
        "SSL_key_update",
        "SSL_key_update",
        "SSL_key_update() schedules an update of the keys for the current TLS connection.",
    ),
    (
        "SSL_renegotiate",
        "SSL_key_update",
        "When called from the server side, SSL_renegotiate() and SSL_renegotiate_abbreviated() behave identically.",
    ),
    (
        "SSL_renegotiate_abbreviated",
        "SSL_key_update",
        "When called from the server side, SSL_renegotiate() and SSL_renegotiate_abbreviated() behave identically.",
    ),
    (
        "SSL_set_post_handshake_auth",
        "SSL_CTX_set_verify",
        "SSL_CTX_set_post_handshake_auth() and SSL_set_post_handshake_auth() enable the Post-Handshake Authentication extension to be added to the ClientHello such that post-handshake authentication can be requested by the server.",
    ),
    (
        "SSL_verify_client_post_handshake",
        "SSL_CTX_set_verify",
        "SSL_verify_client_post_handshake() causes a CertificateRequest message to be sent by a server on the given ssl connection.",
    ),
    (
        "SSL_CTX_set_verify",
        "SSL_CTX_set_verify",
        "SSL_CTX_set_verify() sets the verification flags for ctx to be mode and specifies the verify_callback function to be used.",
    ),
    (
        "SSL_CTX_sess_set_new_cb",
        "SSL_CTX_sess_set_get_cb",
        "SSL_CTX_sess_set_new_cb() sets the callback function that is called whenever a new session was negotiated.",
    ),
    (
        "SSL_CTX_sess_set_get_cb",
        "SSL_CTX_sess_set_get_cb",
        "SSL_CTX_sess_set_get_cb() sets the callback function that is called whenever a TLS client proposed to resume a session but the session could not be found in the internal session cache (see SSL_CTX_set_session_cache_mode(3)). (TLS server only.)",
    ),
    (
        "SSL_CTX_set_generate_session_id",
        "SSL_CTX_set_generate_session_id",
        "SSL_CTX_set_generate_session_id() sets the callback function for generating new session ids for SSL/TLS sessions for ctx to be cb.",
    ),
    (
        "SSL_CTX_set_psk_use_session_callback",
        "SSL_CTX_set_psk_client_callback",
        "A client application wishing to use TLSv1.3 PSKs should use either SSL_CTX_set_psk_use_session_callback() or SSL_set_psk_use_session_callback() as appropriate.",
    ),
    (
        "SSL_CTX_set_psk_find_session_callback",
        "SSL_CTX_use_psk_identity_hint",
        "A server application wishing to use TLSv1.3 PSKs should set a callback using either SSL_CTX_set_psk_find_session_callback() or SSL_set_psk_find_session_callback() as appropriate.",
    ),
    (
        "SSL_set_tlsext_host_name",
        "SSL_CTX_set_tlsext_servername_callback",
        "SSL_set_tlsext_host_name() sets the server name indication ClientHello extension to contain the value name.",
    ),
    (
        "SSL_CTX_set_tlsext_servername_callback",
        "SSL_CTX_set_tlsext_servername_callback",
        "SSL_CTX_set_tlsext_servername_callback() sets the application callback cb used by a server to perform any actions or configuration required based on the servername extension received in the incoming connection.",
    ),
    (
        "SSL_CTX_set_alpn_select_cb",
        "SSL_CTX_set_alpn_select_cb",
        "SSL_CTX_set_alpn_select_cb() sets the application callback cb used by a server to select which protocol to use for the incoming connection.",
    ),
    (
        "SSL_CTX_set_tlsext_ticket_key_evp_cb",
        "SSL_CTX_set_tlsext_ticket_key_cb",
        "SSL_CTX_set_tlsext_ticket_key_evp_cb() sets a callback function cb for handling session tickets for the ssl context sslctx.",
    ),
    (
        "SSL_CTX_set_session_ticket_cb",
        "SSL_CTX_set_session_ticket_cb",
        "The SSL_CTX_set_session_ticket_cb(), SSL_SESSION_set1_ticket_appdata() and SSL_SESSION_get0_ticket_appdata() functions return 1 on success and 0 on failure.",
    ),
    (
        "SSL_get0_alpn_selected",
        "SSL_CTX_set_alpn_select_cb",
        "SSL_get0_alpn_selected() returns a pointer to the selected protocol in data with length len.",
    ),
    (
        "SSL_get_peer_cert_chain",
        "SSL_get_peer_cert_chain",
        "SSL_get_peer_cert_chain() returns a pointer to STACK_OF(X509) certificates forming the certificate chain sent by the peer.",
    ),
    ("SSL_set_shutdown", "SSL_set_shutdown", "SSL_set_shutdown() sets the shutdown state of ssl to mode."),
    ("i2d_SSL_SESSION", "d2i_SSL_SESSION", "i2d_SSL_SESSION() returns the size of the ASN1 representation in bytes."),
    (
        "d2i_SSL_SESSION",
        "d2i_SSL_SESSION",
        "d2i_SSL_SESSION() returns a pointer to the newly allocated SSL_SESSION object.",
    ),
    (
        "SSL_SESSION_print",
        "SSL_SESSION_print",
        "SSL_SESSION_print() prints summary information about the session provided in ses to the BIO fp.",
    ),
    (
        "SSL_SESSION_print_keylog",
        "SSL_SESSION_print",
        "SSL_SESSION_print_keylog() prints session information to the provided BIO <bp> in NSS keylog format.",
    ),
    (
        "SSL_SESSION_set1_id_context",
        "SSL_SESSION_get0_id_context",
        "SSL_SESSION_set1_id_context() takes a copy of the provided ID context given in sid_ctx and associates it with the session s.",
    ),
    (
        "SSL_SESSION_set_time",
        "SSL_SESSION_get_time",
        "SSL_SESSION_set_time() replaces the creation time of the session s with the chosen value tm.",
    ),
    (
        "SSL_SESSION_set_timeout",
        "SSL_SESSION_get_time",
        "SSL_SESSION_set_timeout() sets the timeout value for session s in seconds to tm.",
    ),
    (
        "SSL_SESSION_set_cipher",
        "SSL_SESSION_get0_cipher",
        "SSL_SESSION_set_cipher() can be used to set the ciphersuite associated with the SSL_SESSION s to cipher.",
    ),
    (
        "SSL_SESSION_set1_master_key",
        "SSL_get_client_random",
        "SSL_SESSION_set1_master_key() sets the master key value associated with the SSL_SESSION sess.",
    ),
    (
        "SSL_SESSION_set1_hostname",
        "SSL_SESSION_get0_hostname",
        "SSL_SESSION_set1_hostname() sets the SNI value for the hostname to a copy of the string provided in hostname.",
    ),
    (
        "SSL_SESSION_set1_alpn_selected",
        "SSL_SESSION_get0_hostname",
        "SSL_SESSION_set1_alpn_selected() sets the ALPN protocol for this session to the value in alpn which should be of length len bytes.",
    ),
    (
        "SSL_SESSION_set_max_early_data",
        "SSL_read_early_data",
        "The function SSL_SESSION_set_max_early_data() sets the maximum number of early data bytes that can be sent for a session.",
    ),
    (
        "SSL_SESSION_set1_ticket_appdata",
        "SSL_CTX_set_session_ticket_cb",
        "SSL_SESSION_set1_ticket_appdata() sets the application data specified by data and len into ss which is then placed into any generated session tickets.",
    ),
    (
        "SSL_CTX_set_session_cache_mode",
        "SSL_CTX_set_session_cache_mode",
        "SSL_CTX_set_session_cache_mode() enables/disables session caching by setting the operational mode for ctx to <mode>.",
    ),
    (
        "SSL_CTX_get_session_cache_mode",
        "SSL_CTX_set_session_cache_mode",
        "SSL_CTX_get_session_cache_mode() returns the currently used cache mode.",
    ),
    (
        "SSL_CTX_sess_set_cache_size",
        "SSL_CTX_sess_set_cache_size",
        "SSL_CTX_sess_set_cache_size() sets the size of the internal session cache of context ctx to t.",
    ),
    (
        "SSL_CTX_sess_get_cache_size",
        "SSL_CTX_sess_set_cache_size",
        "SSL_CTX_sess_get_cache_size() returns the currently valid session cache size.",
    ),
    (
        "SSL_CTX_get_timeout",
        "SSL_CTX_set_timeout",
        "SSL_CTX_get_timeout() returns the currently set timeout value for ctx.",
    ),
    (
        "SSL_CTX_set_session_id_context",
        "SSL_CTX_set_session_id_context",
        "SSL_CTX_set_session_id_context() sets the context sid_ctx of length sid_ctx_len within which a session can be reused for the ctx object.",
    ),
    (
        "SSL_CTX_sess_number",
        "SSL_CTX_sess_number",
        "SSL_CTX_sess_number() returns the current number of sessions in the internal session cache.",
    ),
    (
        "SSL_CTX_sess_connect",
        "SSL_CTX_sess_number",
        "SSL_CTX_sess_connect() returns the number of started SSL/TLS handshakes in client mode.",
    ),
    (
        "SSL_CTX_sess_connect_good",
        "SSL_CTX_sess_number",
        "SSL_CTX_sess_connect_good() returns the number of successfully established SSL/TLS sessions in client mode.",
    ),
    (
        "SSL_CTX_sess_connect_renegotiate",
        "SSL_CTX_sess_number",
        "SSL_CTX_sess_connect_renegotiate() returns the number of started renegotiations in client mode.",
    ),
    (
        "SSL_CTX_sess_accept",
        "SSL_CTX_sess_number",
        "SSL_CTX_sess_accept() returns the number of started SSL/TLS handshakes in server mode.",
    ),
    (
        "SSL_CTX_sess_accept_good",
        "SSL_CTX_sess_number",
        "SSL_CTX_sess_accept_good() returns the number of successfully established SSL/TLS sessions in server mode.",
    ),
    (
        "SSL_CTX_sess_accept_renegotiate",
        "SSL_CTX_sess_number",
        "SSL_CTX_sess_accept_renegotiate() returns the number of started renegotiations in server mode.",
    ),
    (
        "SSL_CTX_sess_hits",
        "SSL_CTX_sess_number",
        "SSL_CTX_sess_hits() returns the number of successfully reused sessions.",
    ),
    (
        "SSL_CTX_sess_cb_hits",
        "SSL_CTX_sess_number",
        "SSL_CTX_sess_cb_hits() returns the number of successfully retrieved sessions from the external session cache in server mode.",
    ),
    (
        "SSL_CTX_sess_misses",
        "SSL_CTX_sess_number",
        "SSL_CTX_sess_misses() returns the number of sessions proposed by clients that were not found in the internal session cache in server mode.",
    ),
    (
        "SSL_CTX_sess_timeouts",
        "SSL_CTX_sess_number",
        "SSL_CTX_sess_timeouts() returns the number of sessions proposed by clients and either found in the internal or external session cache in server mode, but that were invalid due to timeout.",
    ),
    (
        "SSL_CTX_sess_cache_full",
        "SSL_CTX_sess_number",
        "SSL_CTX_sess_cache_full() returns the number of sessions that were removed because the maximum session cache size was exceeded.",
    ),
    (
        "SSL_session_reused",
        "SSL_session_reused",
        "Query, whether a reused session was negotiated during the handshake.",
    ),
    (
        "SSL_set_session_id_context",
        "SSL_CTX_set_session_id_context",
        "SSL_set_session_id_context() sets the context sid_ctx of length sid_ctx_len within which a session can be reused for the ssl object.",
    ),
    (
        "SSL_has_matching_session_id",
        "SSL_CTX_set_generate_session_id",
        "SSL_has_matching_session_id() checks, whether a session with id id (of length id_len) is already contained in the internal session cache of the parent context of ssl.",
    ),
    (
        "SSL_set_generate_session_id",
        "SSL_CTX_set_generate_session_id",
        "SSL_set_generate_session_id() sets the callback function for generating new session ids for SSL/TLS sessions for ssl to be cb.",
    ),
    (
        "SSL_get_verify_result",
        "SSL_get_verify_result",
        "SSL_get_verify_result() returns the result of the verification of the X509 certificate presented by the peer, if any.",
    ),
    (
        "SSL_CTX_set_alpn_protos",
        "SSL_CTX_set_alpn_select_cb",
        "SSL_CTX_set_alpn_protos() and SSL_set_alpn_protos() are used by the client to set the list of protocols available to be negotiated.",
    ),
    (
        "SSL_set_alpn_protos",
        "SSL_CTX_set_alpn_select_cb",
        "SSL_CTX_set_alpn_protos() and SSL_set_alpn_protos() are used by the client to set the list of protocols available to be negotiated.",
    ),
    (
        "SSL_CTX_set_num_tickets",
        "SSL_CTX_set_num_tickets",
        "SSL_CTX_set_num_tickets() and SSL_set_num_tickets() can be called for a server application and set the number of TLSv1.3 session tickets that will be sent to the client after a full handshake.",
    ),
    (
        "SSL_SESSION_get_id",
        "SSL_SESSION_set1_id",
        "SSL_SESSION_get_id() returns a pointer to the internal session id value for the session s.",
    ),
    (
        "SSL_SESSION_get0_id_context",
        "SSL_SESSION_get0_id_context",
        "SSL_SESSION_get0_id_context() returns the ID context associated with the SSL/TLS session s.",
    ),
    (
        "SSL_SESSION_get_time",
        "SSL_SESSION_get_time",
        "SSL_SESSION_get_time() returns the time at which the session s was established.",
    ),
    (
        "SSL_SESSION_get_timeout",
        "SSL_SESSION_get_time",
        "SSL_SESSION_get_timeout() returns the timeout value set for session s in seconds.",
    ),
    (
        "SSL_SESSION_get_protocol_version",
        "SSL_SESSION_get_protocol_version",
        "SSL_SESSION_get_protocol_version() returns the protocol version number used by session s.",
    ),
    (
        "SSL_SESSION_get0_cipher",
        "SSL_SESSION_get0_cipher",
        "SSL_SESSION_get0_cipher() retrieves the cipher that was used by the connection when the session was created, or NULL if it cannot be determined.",
    ),
    (
        "SSL_SESSION_get0_hostname",
        "SSL_SESSION_get0_hostname",
        "SSL_SESSION_get0_hostname() retrieves the Server Name Indication (SNI) value that was sent by the client when the session was created if the server acknowledged the client's SNI extension by including an empty SNI extension in response.",
    ),
    (
        "SSL_SESSION_get0_alpn_selected",
        "SSL_SESSION_get0_hostname",
        "SSL_SESSION_get0_alpn_selected() retrieves the selected ALPN protocol for this session and its associated length in bytes.",
    ),
    (
        "SSL_SESSION_get_max_early_data",
        "SSL_read_early_data",
        "SSL_get_max_early_data(), SSL_CTX_get_max_early_data() and SSL_SESSION_get_max_early_data() return the maximum number of early data bytes that may be sent.",
    ),
    (
        "SSL_SESSION_get0_ticket_appdata",
        "SSL_CTX_set_session_ticket_cb",
        "SSL_SESSION_get0_ticket_appdata() assigns data to the session ticket application data and assigns len to the length of the session ticket application data from ss.",
    ),
    (
        "SSL_SESSION_has_ticket",
        "SSL_SESSION_has_ticket",
        "SSL_SESSION_has_ticket() returns 1 if there is a Session Ticket associated with this session, and 0 otherwise.",
    ),
    (
        "SSL_SESSION_get0_ticket",
        "SSL_SESSION_has_ticket",
        "SSL_SESSION_get0_ticket obtains a pointer to the ticket associated with a session.",
    ),
    (
        "SSL_SESSION_get_ticket_lifetime_hint",
        "SSL_SESSION_has_ticket",
        "SSL_SESSION_get_ticket_lifetime_hint returns the lifetime hint in seconds associated with the session ticket.",
    ),
    (
        "SSL_SESSION_get_compress_id",
        "SSL_SESSION_get_compress_id",
        "If compression has been negotiated for an ssl session then SSL_SESSION_get_compress_id() will return the id for the compression method or 0 otherwise.",
    ),
    (
        "SSL_SESSION_get_max_fragment_length",
        "SSL_CTX_set_split_send_fragment",
        "SSL_SESSION_get_max_fragment_length() gets the maximum fragment length negotiated in session.",
    ),
    (
        "SSL_SESSION_get0_peer",
        "SSL_SESSION_get0_peer",
        "SSL_SESSION_get0_peer() returns the peer certificate associated with the session s or NULL if no peer certificate is available.",
    ),
    (
        "SSL_SESSION_is_resumable",
        "SSL_SESSION_is_resumable",
        "SSL_SESSION_is_resumable() determines whether an SSL_SESSION object can be used to resume a session or not.",
    ),
    (
        "SSL_set_verify_result",
        "SSL_set_verify_result",
        "SSL_set_verify_result() sets verify_result of the object ssl to be the result of the verification of the X509 certificate presented by the peer, if any.",
    ),
    (
        "SSL_CTX_set_ciphersuites",
        "SSL_CTX_set_cipher_list",
        "SSL_CTX_set_ciphersuites() is used to configure the available TLSv1.3 ciphersuites for ctx.",
    ),
    (
        "SSL_set_ciphersuites",
        "SSL_CTX_set_cipher_list",
        "SSL_set_ciphersuites() is the same as SSL_CTX_set_ciphersuites() except it configures the ciphersuites for ssl.",
    ),
    (
        "SSL_CTX_set_max_early_data",
        "SSL_read_early_data",
        "By default the server does not accept early data; a server may indicate support for early data by calling SSL_CTX_set_max_early_data() or SSL_set_max_early_data() to set it for the whole SSL_CTX or an individual SSL object respectively.",
    ),
    (
        "SSL_set_max_early_data",
        "SSL_read_early_data",
        "SSL_set_max_early_data(), SSL_CTX_set_max_early_data() and SSL_SESSION_set_max_early_data() return 1 for success or 0 for failure.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::Kind;

    /// Lists the functions of which the manual of OpenSSL 3.0 has no sentence.
    const NO_PAGE: &[&str] = &[
        "SSL_set_session_ticket_ext",
        "SSL_copy_session_id",
        "SSL_set_SSL_CTX",
        "SSL_CTX_set_not_resumable_session_callback",
        "SSL_CTX_set_tlsext_ticket_keys",
        "PEM_write_bio_SSL_SESSION",
        "PEM_read_bio_SSL_SESSION",
        "i2d_SSL_SESSION_bio",
        "d2i_SSL_SESSION_bio",
        // Newer than 3.0.
        "SSL_CTX_flush_sessions_ex",
        "SSL_SESSION_set_time_ex",
        "SSL_SESSION_get_time_ex",
        "d2i_SSL_SESSION_ex",
    ];

    #[test]
    fn every_function_has_a_sentence_or_no_page() {
        let is_function = |name: &&str| {
            name.starts_with(|first: char| first.is_ascii_uppercase())
                || name.contains("2d_")
                || name.contains("2i_SSL")
        };
        let missing: Vec<&str> = Kind::ALL
            .iter()
            .map(|kind| kind.name())
            .filter(is_function)
            .filter(|name| sentence(name).is_none() && !NO_PAGE.contains(name))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
        assert!(NO_PAGE.iter().all(|name| sentence(name).is_none()));
        assert!(SENTENCES.iter().all(|(name, _, _)| Kind::ALL.iter().any(|kind| kind.name() == *name)));
    }
}
