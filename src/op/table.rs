//! The table of ops: the only list of them. Everything that is the same for all ops is made from its rows.
//!
//! A consumer hands [`for_each_op`] a macro and takes the columns that it wants:
//!
//! ```text
//! /// What the call does.
//! OPCODE Variant C_NAME [variable: Type of the result] (operand: Type, ...) {FACTS} {C};
//! ```
//!
//! * `OPCODE` is append-only: a new row takes the next free number, and the number of a row that goes is never used again, so a
//!   stored program keeps its meaning for ever. `0x23` is never used: it is `#`, the first byte of a program in text.
//! * `C_NAME` is the function's name, or one of the harness's own words in lower case. An op that sets a callback to a block is written
//!   in text as the op that sets the same callback to a word is, and one that makes a context for DTLS as the one that makes any
//!   ([`Kind::in_text`](super::Kind::in_text)).
//! * An operand's type carries its wire form, text, shrinking, generation, spelling in C and value in a C call. A type of
//!   more than one token stands in parentheses.
//! * `FACTS`: `sets FIELD`; `reads FIELD`; `copies FIELD`, which reads it into a buffer of the caller's; `since "3.3"`, the first OpenSSL release with the function; `shared`, where no operand says
//!   that the op is about contexts, connections or time; `handshakes`, where what a handshake needs is called.
//! * `C`: `fn(...) -> ...` is the prototype as in `<openssl/ssl.h>`, `ctrl N` a macro that calls `SSL_CTX_ctrl`, `own` no function of that
//!   name; `by_hand`: the call is written by hand in the C port; `if CFG`: it is there to link with only then.
//!
//! The ops of `custom` have a meaning of their own: the ledger and the ports match them by hand, exhaustively. Those of `plain`
//! change no ownership: a row, what the native session does, and a case are all that such an op needs. `getters` read a field
//! of a session: a row and a case are enough, for every port reads its fields.

/// Hands every row of the table to a macro.
macro_rules! for_each_op {
    ($consumer:ident) => {
        $consumer! {
            custom {
                /// Makes a session.
                0x01 New SSL_SESSION_new [dst: Slot] () {} {by_hand fn() -> *mut SSL_SESSION};
                /// Copies a session.
                0x02 Dup SSL_SESSION_dup [dst: Slot] (src: Slot) {} {by_hand fn(*const SSL_SESSION) -> *mut SSL_SESSION};
                /// Adds a reference to a session.
                0x03 UpRef SSL_SESSION_up_ref [] (s: Slot) {} {fn(*mut SSL_SESSION) -> c_int};
                /// Drops a reference to a session; `NULL` does nothing.
                0x04 Free SSL_SESSION_free [] (s: (Option<Slot>)) {} {fn(*mut SSL_SESSION) -> ()};
                /// Sets the session id, at most 32 bytes.
                0x05 Set1Id SSL_SESSION_set1_id [] (s: Slot, id: Bytes) {sets Id} {fn(*mut SSL_SESSION, *const c_uchar, c_uint) -> c_int};
                /// Sets the protocol version: any integer is taken.
                0x0f SetProtocolVersion SSL_SESSION_set_protocol_version [] (s: Slot, version: ProtocolVersion) {sets ProtocolVersion} {fn(*mut SSL_SESSION, c_int) -> c_int};
                /// Copies at most so many bytes of the master key; 0 asks for its length.
                0x14 GetMasterKey SSL_SESSION_get_master_key [] (s: Slot, room: Room) {copies MasterKey} {by_hand fn(*const SSL_SESSION, *mut c_uchar, usize) -> usize};
                /// Sets a pointer-sized value of the application's.
                0x25 SetExData SSL_SESSION_set_ex_data [] (s: Slot, index: ExIndex, value: Number) {} {fn(*mut SSL_SESSION, c_int, *mut c_void) -> c_int};
                /// Reads a value of the application's.
                0x26 GetExData SSL_SESSION_get_ex_data [] (s: Slot, index: ExIndex) {} {by_hand fn(*const SSL_SESSION, c_int) -> *mut c_void};
                /// Makes a session as a handshake leaves it, of a fixed DER: the harness's own word for `d2i_SSL_SESSION`.
                0x27 SampleSession sample_session [dst: Slot] (sample: Sample) {} {own};
                /// Lets so many seconds pass: the harness's own word.
                0x28 AdvanceClock advance_clock [] (seconds: u32) {shared} {own};
                /// Sets the clock back by so many seconds, but not to before the program began: the harness's own word.
                0x75 TurnBackClock turn_back_clock [] (seconds: u32) {shared} {own};
                /// Makes a context.
                0x29 CtxNew SSL_CTX_new [dst: ContextSlot] (method: Method) {} {by_hand fn(*const SSL_METHOD) -> *mut SSL_CTX};
                /// Makes a context for DTLS.
                0xa9 CtxNewDtls dtls_context [dst: ContextSlot] (method: DatagramMethod) {} {own};
                /// Takes a context that was made before and is as a new one: the harness's own word. Making one takes 500 times as long as making a session.
                0x2a CtxPooled pooled_context [dst: ContextSlot] (method: Method) {} {own};
                /// Adds a reference to a context.
                0x2b CtxUpRef SSL_CTX_up_ref [] (c: ContextSlot) {} {fn(*mut SSL_CTX) -> c_int};
                /// Drops a reference to a context; `NULL` does nothing.
                0x2c CtxFree SSL_CTX_free [] (c: (Option<ContextSlot>)) {} {by_hand fn(*mut SSL_CTX) -> ()};
                /// Sets the timeout, in seconds, of sessions that handshakes make; returns the one before.
                0x31 CtxSetTimeout SSL_CTX_set_timeout [] (c: ContextSlot, timeout: i64) {} {fn(*mut SSL_CTX, c_long) -> c_long};
                /// Puts a session into the cache; 1 if it was not there.
                0x34 CtxAdd SSL_CTX_add_session [] (c: ContextSlot, s: Slot) {} {fn(*mut SSL_CTX, *mut SSL_SESSION) -> c_int};
                /// Takes a session out of the cache; 1 if one with its id was there.
                0x35 CtxRemove SSL_CTX_remove_session [] (c: ContextSlot, s: (Option<Slot>)) {} {fn(*mut SSL_CTX, *mut SSL_SESSION) -> c_int};
                /// Takes out of the cache what is expired at this time; 0 is the end of time.
                0x36 CtxFlush SSL_CTX_flush_sessions [] (c: ContextSlot, time: Time) {} {fn(*mut SSL_CTX, c_long) -> ()};
                /// Takes out of the cache what is expired at this time; 0 is the end of time.
                0x37 CtxFlushEx SSL_CTX_flush_sessions_ex [] (c: ContextSlot, time: Time) {since "3.4"} {if ossl340 fn(*mut SSL_CTX, time_t) -> ()};
                /// Reads what is cached.
                0x44 CtxSessions SSL_CTX_sessions [] (c: ContextSlot) {} {by_hand fn(*mut SSL_CTX) -> *mut LHASH_OF_SSL_SESSION};
                /// Sets what is called when a session leaves the cache.
                0x45 CtxSetRemoveCb SSL_CTX_sess_set_remove_cb [] (c: ContextSlot, callback: RemoveCallback) {} {fn(*mut SSL_CTX, remove_session_cb) -> ()};
                /// Takes the session that a callback kept first: the harness's own word.
                0x46 TakeKept take_kept [dst: Slot] () {shared} {own};
                /// Makes a connection.
                0x47 SslNew SSL_new [dst: ConnectionSlot] (c: ContextSlot) {} {by_hand fn(*mut SSL_CTX) -> *mut SSL};
                /// Adds a reference to a connection.
                0x48 SslUpRef SSL_up_ref [] (x: ConnectionSlot) {} {fn(*mut SSL) -> c_int};
                /// Drops a reference to a connection; `NULL` does nothing.
                0x49 SslFree SSL_free [] (x: (Option<ConnectionSlot>)) {} {fn(*mut SSL) -> ()};
                /// Makes the connection ready for another handshake.
                0x4a SslClear SSL_clear [] (x: ConnectionSlot) {} {by_hand fn(*mut SSL) -> c_int};
                /// Copies a connection, and shares its session, before a handshake; after it adds a reference to `x`, and `dst` stays empty.
                0x4b SslDup SSL_dup [dst: ConnectionSlot] (x: ConnectionSlot) {} {by_hand fn(*mut SSL) -> *mut SSL};
                /// Sets the session to be used; `NULL` clears it.
                0x4c SetSession SSL_set_session [] (x: ConnectionSlot, s: (Option<Slot>)) {} {fn(*mut SSL, *mut SSL_SESSION) -> c_int};
                /// Borrows the session.
                0x4d GetSession SSL_get_session [dst: Slot] (x: ConnectionSlot) {} {by_hand fn(*const SSL) -> *mut SSL_SESSION};
                /// Borrows the session, by its newer name.
                0x4e Get0Session SSL_get0_session [dst: Slot] (x: ConnectionSlot) {} {own};
                /// Takes a reference to the session.
                0x4f Get1Session SSL_get1_session [dst: Slot] (x: ConnectionSlot) {} {by_hand fn(*mut SSL) -> *mut SSL_SESSION};
                /// Gives `to` the session of `from`.
                0x50 CopySessionId SSL_copy_session_id [] (to: ConnectionSlot, from: ConnectionSlot) {} {fn(*mut SSL, *const SSL) -> c_int};
                /// Moves the connection to another context; `NULL` is the one that it was made from.
                0x53 SetSslCtx SSL_set_SSL_CTX [] (x: ConnectionSlot, c: (Option<ContextSlot>)) {} {by_hand fn(*mut SSL, *mut SSL_CTX) -> *mut SSL_CTX};
                /// Loses what the slot holds, so that the program can never give it back: the harness's own word.
                0x54 Forget forget [] (s: Slot) {shared} {own};
                /// Makes a handshake in memory, to its end or until one side refuses: the harness's own word.
                0x55 Handshake handshake [] (client: ConnectionSlot, server: ConnectionSlot) {handshakes} {own};
                /// Says that nothing more is sent.
                0x56 SslShutdown SSL_shutdown [] (x: ConnectionSlot) {} {fn(*mut SSL) -> c_int};
                /// Sets the newest version that connections made from here on speak.
                0x57 CtxSetMaxVersion SSL_CTX_set_max_proto_version [] (c: ContextSlot, version: MaxVersion) {} {own};
                /// Sets options of connections that are made from here on.
                0x58 CtxSetOptions SSL_CTX_set_options [] (c: ContextSlot, options: Options) {} {by_hand fn(*mut SSL_CTX, u64) -> u64};
                /// Clears options of connections that are made from here on.
                0x59 CtxClearOptions SSL_CTX_clear_options [] (c: ContextSlot, options: Options) {} {by_hand fn(*mut SSL_CTX, u64) -> u64};
                /// Sends one more ticket, which the client reads.
                0x5b NewSessionTicket SSL_new_session_ticket [] (x: ConnectionSlot) {since "3.0"} {if ossl300 by_hand fn(*mut SSL) -> c_int};
                /// Updates the keys of a connection that speaks TLS 1.3; the other side reads that, and does the same where it is asked to.
                0xa1 KeyUpdate SSL_key_update [] (x: ConnectionSlot, update: KeyUpdate) {} {by_hand fn(*mut SSL, c_int) -> c_int};
                /// Sets whether a client says in its handshakes that it can be asked for its certificate after them: 0 for no.
                0xa2 SetPostHandshakeAuth SSL_set_post_handshake_auth [] (x: ConnectionSlot, allowed: Few) {} {by_hand fn(*mut SSL, c_int) -> ()};
                /// Asks the client for its certificate after the handshake, in TLS 1.3. The client answers, and new tickets are sent.
                0xa3 VerifyClient SSL_verify_client_post_handshake [] (x: ConnectionSlot) {} {by_hand fn(*mut SSL) -> c_int};
                /// Lets a server that speaks TLS 1.2 or DTLS 1.2 ask for another handshake, which is made, with a new session in mind. 0, and is not called, where a handshake has not finished.
                0xa4 Renegotiate SSL_renegotiate [] (x: ConnectionSlot) {} {by_hand fn(*mut SSL) -> c_int};
                /// Lets a server that speaks TLS 1.2 or DTLS 1.2 ask for another handshake, which is made. 0, and is not called, where a handshake has not finished.
                0xa5 RenegotiateAbbreviated SSL_renegotiate_abbreviated [] (x: ConnectionSlot) {} {by_hand fn(*mut SSL) -> c_int};
                /// Sets whether servers ask for a certificate, which the harness's callback takes.
                0x5c CtxSetVerify SSL_CTX_set_verify [] (c: ContextSlot, mode: Verify) {} {by_hand fn(*mut SSL_CTX, c_int, SSL_verify_cb) -> ()};
                /// Gives a client a certificate and its key: the harness's own word.
                0x5d UseCertificate use_certificate [] (x: ConnectionSlot) {handshakes} {own};
                /// Sets what is told of sessions that can be resumed.
                0x5e CtxSetNewCb SSL_CTX_sess_set_new_cb [] (c: ContextSlot, callback: NewCallback) {} {fn(*mut SSL_CTX, new_session_cb) -> ()};
                /// Sets what is asked for a session that is not in the cache.
                0x5f CtxSetGetCb SSL_CTX_sess_set_get_cb [] (c: ContextSlot, callback: GetCallback) {} {fn(*mut SSL_CTX, get_session_cb) -> ()};
                /// Sets what says whether a session is to be resumed.
                0x60 CtxSetNotResumableCb SSL_CTX_set_not_resumable_session_callback [] (c: ContextSlot, callback: NotResumableCallback) {} {fn(*mut SSL_CTX, not_resumable_session_callback) -> ()};
                /// Sets what makes session ids.
                0x61 CtxSetGenerateId SSL_CTX_set_generate_session_id [] (c: ContextSlot, callback: GenerateId) {} {fn(*mut SSL_CTX, GEN_SESSION_CB) -> c_int};
                /// Sets what gives a client a session that was agreed on by other means.
                0x62 CtxSetPskUseCb SSL_CTX_set_psk_use_session_callback [] (c: ContextSlot, callback: PskCallback) {} {by_hand fn(*mut SSL_CTX, SSL_psk_use_session_cb_func) -> ()};
                /// Sets what gives a server a session that was agreed on by other means.
                0x63 CtxSetPskFindCb SSL_CTX_set_psk_find_session_callback [] (c: ContextSlot, callback: PskCallback) {} {by_hand fn(*mut SSL_CTX, SSL_psk_find_session_cb_func) -> ()};
                /// Sets the bytes of the extension that offers a ticket, where the session has none of TLS 1.2; `NULL` leaves the extension out.
                0xaa SslSetTicketExt SSL_set_session_ticket_ext [] (x: ConnectionSlot, ticket: Bytes) {} {by_hand fn(*mut SSL, *mut c_void, c_int) -> c_int};
                /// Sets the session id to itself: the harness's own word for `SSL_SESSION_set1_id` of what `SSL_SESSION_get_id` lends.
                0xab Set1OwnId set1_own_id [] (s: Slot) {sets Id} {own};
                /// Sets the session id context to itself: the harness's own word for `SSL_SESSION_set1_id_context` of what `SSL_SESSION_get0_id_context` lends.
                0xac Set1OwnIdContext set1_own_id_context [] (s: Slot) {sets IdContext} {own};
                /// Sets the name of the server that a client asks for; `NULL` asks for none.
                0x79 SslSetHostName SSL_set_tlsext_host_name [] (x: ConnectionSlot, name: CString) {} {own};
                /// Sets what a server makes of the name that a client asks for.
                0x7a CtxSetServerNameCb SSL_CTX_set_tlsext_servername_callback [] (c: ContextSlot, callback: ServerNameCallback) {} {own};
                /// Sets the keys that seal a context's tickets: 80 bytes. `NULL` asks how many there must be.
                0x83 CtxSetTicketKeys SSL_CTX_set_tlsext_ticket_keys [] (c: ContextSlot, keys: TicketKeys) {} {own};
                /// Gives `to` the ticket keys of `from`, so that one opens what the other has sealed: the harness's own word for `SSL_CTX_get_tlsext_ticket_keys` and `SSL_CTX_set_tlsext_ticket_keys`.
                0x84 CtxCopyTicketKeys copy_ticket_keys [] (to: ContextSlot, from: ContextSlot) {} {own};
                /// Sets what a server selects of the protocols that a client names.
                0x7d CtxSetAlpnSelectCb SSL_CTX_set_alpn_select_cb [] (c: ContextSlot, callback: AlpnCallback) {} {by_hand fn(*mut SSL_CTX, SSL_CTX_alpn_select_cb_func, *mut c_void) -> ()};
                /// Sets what gives the keys that seal a context's tickets, and open them, in the place of the context's own.
                0xa8 CtxSetTicketKeyCb SSL_CTX_set_tlsext_ticket_key_evp_cb [] (c: ContextSlot, callback: TicketKeyCallback) {since "3.0"} {if ossl300 by_hand fn(*mut SSL_CTX, SSL_ticket_key_evp_cb) -> c_int};
                /// Sets what is called of the sessions that tickets are made of, and of tickets that clients show.
                0x7f CtxSetTicketCb SSL_CTX_set_session_ticket_cb [] (c: ContextSlot, generate: GenerateTicket, decrypt: DecryptTicket) {} {by_hand fn(*mut SSL_CTX, SSL_CTX_generate_session_ticket_fn, SSL_CTX_decrypt_session_ticket_fn, *mut c_void) -> c_int};
                /// Reads the protocol that the server of the connection has selected.
                0x7e GetAlpnSelected SSL_get0_alpn_selected [] (x: ConnectionSlot) {} {by_hand fn(*const SSL, *mut *const c_uchar, *mut c_uint) -> ()};
                /// Lets a client send early data in its handshake, if its session allows any and both sides speak TLS 1.3: the harness's own word for `SSL_write_early_data` and `SSL_read_early_data`.
                0x8a SendEarlyData send_early_data [] (x: ConnectionSlot) {handshakes} {own};
                /// Reads the certificates that the peer of the connection's session showed.
                0x64 GetPeerCertChain SSL_get_peer_cert_chain [] (x: ConnectionSlot) {} {by_hand fn(*const SSL) -> *mut stack_st_X509};
                /// Sets what was said and heard of the end of the connection.
                0x65 SslSetShutdown SSL_set_shutdown [] (x: ConnectionSlot, mode: Closed) {} {fn(*mut SSL, c_int) -> ()};
                /// Writes the session in DER, by way of a query for its length and of a buffer of that length, and of a buffer that the library makes; nothing where it refuses.
                0x66 ToDer i2d_SSL_SESSION [dst: BufferSlot] (s: Slot) {} {by_hand fn(*const SSL_SESSION, *mut *mut c_uchar) -> c_int};
                /// Makes a session of DER; what follows the DER is left.
                0x67 FromDer d2i_SSL_SESSION [dst: Slot] (b: BufferSlot) {} {by_hand fn(*mut *mut SSL_SESSION, *mut *const c_uchar, c_long) -> *mut SSL_SESSION};
                /// Reads DER into this session: the harness's own word for `d2i_SSL_SESSION` of a session that there is.
                0x68 ReadDer d2i_into [] (s: Slot, b: BufferSlot) {} {own};
                /// Makes a session of DER by the function that takes a library context, here NULL, and by way of a pointer to NULL.
                0x69 FromDerEx d2i_SSL_SESSION_ex [dst: Slot] (b: BufferSlot) {since "3.2"} {if ossl320 by_hand fn(*mut *mut SSL_SESSION, *mut *const c_uchar, c_long, *mut OSSL_LIB_CTX, *const c_char) -> *mut SSL_SESSION};
                /// Writes the session in DER into a BIO.
                0x6a ToDerBio i2d_SSL_SESSION_bio [dst: BufferSlot] (s: Slot) {} {own};
                /// Makes a session of DER that a BIO gives.
                0x6b FromDerBio d2i_SSL_SESSION_bio [dst: Slot] (b: BufferSlot) {} {own};
                /// Writes the session in PEM.
                0x6c ToPem PEM_write_bio_SSL_SESSION [dst: BufferSlot] (s: Slot) {} {by_hand fn(*mut BIO, *const SSL_SESSION) -> c_int};
                /// Makes a session of the first PEM that is one.
                0x6d FromPem PEM_read_bio_SSL_SESSION [dst: Slot] (b: BufferSlot) {} {by_hand fn(*mut BIO, *mut *mut SSL_SESSION, pem_password_cb, *mut c_void) -> *mut SSL_SESSION};
                /// Reads PEM into this session: the harness's own word for `PEM_read_bio_SSL_SESSION` of a session that there is.
                0x6e ReadPem pem_into [] (s: Slot, b: BufferSlot) {} {own};
                /// Writes the session for people to read.
                0x6f Print SSL_SESSION_print [dst: BufferSlot] (s: Slot) {} {by_hand fn(*mut BIO, *const SSL_SESSION) -> c_int};
                /// Writes id and master key as a line of a key log.
                0x70 PrintKeylog SSL_SESSION_print_keylog [dst: BufferSlot] (s: Slot) {} {by_hand fn(*mut BIO, *const SSL_SESSION) -> c_int};
                /// Puts bytes into a variable: the harness's own word.
                0x71 SetBytes bytes [dst: BufferSlot] (value: Bytes) {} {own};
                /// Changes the byte at this place, if there is one: the harness's own word.
                0x72 SetByte set_byte [] (b: BufferSlot, at: u16, value: u8) {} {own};
                /// Takes bytes out, as many as there are from this place on: the harness's own word.
                0x73 DeleteBytes delete_bytes [] (b: BufferSlot, at: u16, count: u16) {} {own};
                /// Puts bytes in at this place, or at the end if that comes before: the harness's own word.
                0x74 InsertBytes insert_bytes [] (b: BufferSlot, at: u16, value: Bytes) {} {own};
                /// Sets calls that run when a session leaves the cache.
                0x80 CtxSetRemoveBlock remove_cb_block [] (c: ContextSlot, block: RemoveBlock) {} {own};
                /// Sets calls that run when there is a session that can be resumed.
                0x81 CtxSetNewBlock new_cb_block [] (c: ContextSlot, block: NewBlock) {} {own};
                /// Sets calls that run when a session is asked for that is not in the cache, and what is returned.
                0x82 CtxSetGetBlock get_cb_block [] (c: ContextSlot, block: GetBlock) {} {own};
                /// Sets calls that run when a client is asked for a session that was agreed on by other means, and what it is given.
                0x90 CtxSetPskUseBlock psk_use_cb_block [] (c: ContextSlot, block: PskBlock) {} {own};
                /// Sets calls that run when a server is asked for a session that was agreed on by other means, and what it is given.
                0x91 CtxSetPskFindBlock psk_find_cb_block [] (c: ContextSlot, block: PskBlock) {} {own};
                /// Sets the call by which a server moves itself to another context when it reads the first message.
                0xa0 CtxSetNameBlock server_name_cb_block [] (c: ContextSlot, block: NameBlock) {} {own};
            }
            plain {
                /// Sets the session id context, at most 32 bytes.
                0x07 Set1IdContext SSL_SESSION_set1_id_context [] (s: Slot, context: Bytes) {sets IdContext} {fn(*mut SSL_SESSION, *const c_uchar, c_uint) -> c_int};
                /// Sets the time, in seconds since 1970.
                0x09 SetTime SSL_SESSION_set_time [] (s: (Option<Slot>), time: Time) {sets Time} {fn(*mut SSL_SESSION, c_long) -> c_long};
                /// Sets the time, in seconds since 1970, as an integer of 64 bits.
                0x0b SetTimeEx SSL_SESSION_set_time_ex [] (s: (Option<Slot>), time: Time) {sets Time since "3.3"} {if ossl330 fn(*mut SSL_SESSION, time_t) -> time_t};
                /// Sets the timeout, in seconds.
                0x0d SetTimeout SSL_SESSION_set_timeout [] (s: (Option<Slot>), timeout: i64) {sets Timeout} {fn(*mut SSL_SESSION, c_long) -> c_long};
                /// Sets the cipher suite; `NULL` clears it.
                0x11 SetCipher SSL_SESSION_set_cipher [] (s: Slot, cipher: (Option<Cipher>)) {sets Cipher} {fn(*mut SSL_SESSION, *const SSL_CIPHER) -> c_int};
                /// Sets the master key or resumption secret.
                0x13 Set1MasterKey SSL_SESSION_set1_master_key [] (s: Slot, key: Bytes) {sets MasterKey} {fn(*mut SSL_SESSION, *const c_uchar, usize) -> c_int};
                /// Sets the server name; `NULL` clears it.
                0x15 Set1Hostname SSL_SESSION_set1_hostname [] (s: Slot, hostname: CString) {sets Hostname} {fn(*mut SSL_SESSION, *const c_char) -> c_int};
                /// Sets the application protocol; `NULL` and empty clear it.
                0x17 Set1AlpnSelected SSL_SESSION_set1_alpn_selected [] (s: Slot, alpn: Bytes) {sets Alpn} {fn(*mut SSL_SESSION, *const c_uchar, usize) -> c_int};
                /// Sets the limit of early data, in bytes.
                0x19 SetMaxEarlyData SSL_SESSION_set_max_early_data [] (s: Slot, bytes: u32) {sets MaxEarlyData} {fn(*mut SSL_SESSION, u32) -> c_int};
                /// Sets the data carried in the ticket; `NULL` and empty clear it.
                0x1b Set1TicketAppdata SSL_SESSION_set1_ticket_appdata [] (s: Slot, data: Bytes) {sets TicketAppdata} {fn(*mut SSL_SESSION, *const c_void, usize) -> c_int};
                /// Sets who caches what; returns the mode before.
                0x2d CtxSetCacheMode SSL_CTX_set_session_cache_mode [] (c: ContextSlot, mode: CacheMode) {} {ctrl 44};
                /// Reads who caches what.
                0x2e CtxGetCacheMode SSL_CTX_get_session_cache_mode [] (c: ContextSlot) {} {ctrl 45};
                /// Sets how many sessions may be cached, 0 without limit; returns the size before.
                0x2f CtxSetCacheSize SSL_CTX_sess_set_cache_size [] (c: ContextSlot, size: i64) {} {ctrl 42};
                /// Reads how many sessions may be cached.
                0x30 CtxGetCacheSize SSL_CTX_sess_get_cache_size [] (c: ContextSlot) {} {ctrl 43};
                /// Reads the timeout of sessions that handshakes make.
                0x32 CtxGetTimeout SSL_CTX_get_timeout [] (c: ContextSlot) {} {fn(*const SSL_CTX) -> c_long};
                /// Sets the session id context of connections that are made from here on, at most 32 bytes.
                0x33 CtxSetIdContext SSL_CTX_set_session_id_context [] (c: ContextSlot, context: Bytes) {} {fn(*mut SSL_CTX, *const c_uchar, c_uint) -> c_int};
                /// Counts the sessions that are cached.
                0x38 SessNumber SSL_CTX_sess_number [] (c: ContextSlot) {} {ctrl 20};
                /// Counts handshakes begun as client.
                0x39 SessConnect SSL_CTX_sess_connect [] (c: ContextSlot) {} {ctrl 21};
                /// Counts handshakes finished as client.
                0x3a SessConnectGood SSL_CTX_sess_connect_good [] (c: ContextSlot) {} {ctrl 22};
                /// Counts renegotiations as client.
                0x3b SessConnectRenegotiate SSL_CTX_sess_connect_renegotiate [] (c: ContextSlot) {} {ctrl 23};
                /// Counts handshakes begun as server.
                0x3c SessAccept SSL_CTX_sess_accept [] (c: ContextSlot) {} {ctrl 24};
                /// Counts handshakes finished as server.
                0x3d SessAcceptGood SSL_CTX_sess_accept_good [] (c: ContextSlot) {} {ctrl 25};
                /// Counts renegotiations as server.
                0x3e SessAcceptRenegotiate SSL_CTX_sess_accept_renegotiate [] (c: ContextSlot) {} {ctrl 26};
                /// Counts sessions resumed.
                0x3f SessHits SSL_CTX_sess_hits [] (c: ContextSlot) {} {ctrl 27};
                /// Counts sessions that the callback found.
                0x40 SessCbHits SSL_CTX_sess_cb_hits [] (c: ContextSlot) {} {ctrl 28};
                /// Counts sessions that were not found.
                0x41 SessMisses SSL_CTX_sess_misses [] (c: ContextSlot) {} {ctrl 29};
                /// Counts sessions that were found and were expired.
                0x42 SessTimeouts SSL_CTX_sess_timeouts [] (c: ContextSlot) {} {ctrl 30};
                /// Counts sessions that went because the cache was full.
                0x43 SessCacheFull SSL_CTX_sess_cache_full [] (c: ContextSlot) {} {ctrl 31};
                /// Tells whether the handshake resumed a session.
                0x51 SessionReused SSL_session_reused [] (x: ConnectionSlot) {} {fn(*const SSL) -> c_int};
                /// Sets the session id context of a connection, at most 32 bytes.
                0x52 SslSetIdContext SSL_set_session_id_context [] (x: ConnectionSlot, context: Bytes) {} {fn(*mut SSL, *const c_uchar, c_uint) -> c_int};
                /// Tells whether the cache has a session of this id and of the version that the connection speaks.
                0x76 HasMatchingId SSL_has_matching_session_id [] (x: ConnectionSlot, id: Bytes) {} {fn(*const SSL, *const c_uchar, c_uint) -> c_int};
                /// Sets what makes the session ids of a connection.
                0x77 SslSetGenerateId SSL_set_generate_session_id [] (x: ConnectionSlot, callback: GenerateId) {} {fn(*mut SSL, GEN_SESSION_CB) -> c_int};
                /// Reads what came of verifying the peer's certificate, or that of the session that was set or resumed.
                0x78 GetVerifyResult SSL_get_verify_result [] (x: ConnectionSlot) {} {fn(*const SSL) -> c_long};
                /// Sets what `SSL_get_verify_result` reads. A server whose client shows no certificate gives it to its session.
                0x85 SetVerifyResult SSL_set_verify_result [] (x: ConnectionSlot, code: u16) {} {fn(*mut SSL, c_long) -> ()};
                /// Sets the suites of TLS 1.3 of the connections of a context, the preferred one first.
                0x86 CtxSetCiphersuites SSL_CTX_set_ciphersuites [] (c: ContextSlot, suites: Suites) {} {fn(*mut SSL_CTX, *const c_char) -> c_int};
                /// Sets the suites of TLS 1.3 of a connection, the preferred one first.
                0x87 SslSetCiphersuites SSL_set_ciphersuites [] (x: ConnectionSlot, suites: Suites) {} {fn(*mut SSL, *const c_char) -> c_int};
                /// Sets how much early data the servers take that are made from here on, in bytes: their tickets are found in the cache, and used once.
                0x88 CtxSetMaxEarlyData SSL_CTX_set_max_early_data [] (c: ContextSlot, bytes: u32) {} {fn(*mut SSL_CTX, u32) -> c_int};
                /// Sets how much early data a server takes, in bytes.
                0x89 SslSetMaxEarlyData SSL_set_max_early_data [] (x: ConnectionSlot, bytes: u32) {} {fn(*mut SSL, u32) -> c_int};
                /// Sets the protocols that clients name which are made from here on, each behind its length; `NULL` names none. 0 where it is done.
                0x7b CtxSetAlpnProtos SSL_CTX_set_alpn_protos [] (c: ContextSlot, protocols: Bytes) {} {fn(*mut SSL_CTX, *const c_uchar, c_uint) -> c_int};
                /// Sets the protocols that a client names, each behind its length; `NULL` names none. 0 where it is done.
                0x7c SslSetAlpnProtos SSL_set_alpn_protos [] (x: ConnectionSlot, protocols: Bytes) {} {fn(*mut SSL, *const c_uchar, c_uint) -> c_int};
                /// Sets how many tickets a server sends after a full TLS 1.3 handshake.
                0x5a CtxSetNumTickets SSL_CTX_set_num_tickets [] (c: ContextSlot, tickets: Few) {} {fn(*mut SSL_CTX, usize) -> c_int};
            }
            getters {
                /// Reads the session id.
                0x06 GetId SSL_SESSION_get_id [] (s: Slot) {reads Id} {by_hand fn(*const SSL_SESSION, *mut c_uint) -> *const c_uchar};
                /// Reads the session id context.
                0x08 Get0IdContext SSL_SESSION_get0_id_context [] (s: Slot) {reads IdContext} {by_hand fn(*const SSL_SESSION, *mut c_uint) -> *const c_uchar};
                /// Reads the time.
                0x0a GetTime SSL_SESSION_get_time [] (s: (Option<Slot>)) {reads Time} {fn(*const SSL_SESSION) -> c_long};
                /// Reads the time, as an integer of 64 bits.
                0x0c GetTimeEx SSL_SESSION_get_time_ex [] (s: (Option<Slot>)) {reads TimeEx since "3.3"} {if ossl330 fn(*const SSL_SESSION) -> time_t};
                /// Reads the timeout.
                0x0e GetTimeout SSL_SESSION_get_timeout [] (s: (Option<Slot>)) {reads Timeout} {fn(*const SSL_SESSION) -> c_long};
                /// Reads the protocol version.
                0x10 GetProtocolVersion SSL_SESSION_get_protocol_version [] (s: Slot) {reads ProtocolVersion} {fn(*const SSL_SESSION) -> c_int};
                /// Reads the cipher suite.
                0x12 Get0Cipher SSL_SESSION_get0_cipher [] (s: Slot) {reads Cipher} {by_hand fn(*const SSL_SESSION) -> *const SSL_CIPHER};
                /// Reads the server name.
                0x16 Get0Hostname SSL_SESSION_get0_hostname [] (s: Slot) {reads Hostname} {by_hand fn(*const SSL_SESSION) -> *const c_char};
                /// Reads the application protocol.
                0x18 Get0AlpnSelected SSL_SESSION_get0_alpn_selected [] (s: Slot) {reads Alpn} {by_hand fn(*const SSL_SESSION, *mut *const c_uchar, *mut usize) -> ()};
                /// Reads the limit of early data.
                0x1a GetMaxEarlyData SSL_SESSION_get_max_early_data [] (s: Slot) {reads MaxEarlyData} {fn(*const SSL_SESSION) -> u32};
                /// Reads the data carried in the ticket.
                0x1c Get0TicketAppdata SSL_SESSION_get0_ticket_appdata [] (s: Slot) {reads TicketAppdata} {by_hand fn(*mut SSL_SESSION, *mut *mut c_void, *mut usize) -> c_int};
                /// Tells whether there is a ticket of at least one byte.
                0x1d HasTicket SSL_SESSION_has_ticket [] (s: Slot) {reads HasTicket} {fn(*const SSL_SESSION) -> c_int};
                /// Reads the ticket.
                0x1e Get0Ticket SSL_SESSION_get0_ticket [] (s: Slot) {reads Ticket} {by_hand fn(*const SSL_SESSION, *mut *const c_uchar, *mut usize) -> ()};
                /// Reads the ticket's lifetime hint.
                0x1f GetTicketLifetimeHint SSL_SESSION_get_ticket_lifetime_hint [] (s: Slot) {reads LifetimeHint} {fn(*const SSL_SESSION) -> c_ulong};
                /// Reads the compression method.
                0x20 GetCompressId SSL_SESSION_get_compress_id [] (s: Slot) {reads CompressId} {fn(*const SSL_SESSION) -> c_uint};
                /// Reads the maximum fragment length.
                0x21 GetMaxFragmentLength SSL_SESSION_get_max_fragment_length [] (s: Slot) {reads MaxFragmentLength} {fn(*const SSL_SESSION) -> u8};
                /// Reads the peer's certificate.
                0x22 Get0Peer SSL_SESSION_get0_peer [] (s: Slot) {reads Peer} {by_hand fn(*mut SSL_SESSION) -> *mut X509};
                /// Tells whether the session could be resumed.
                0x24 IsResumable SSL_SESSION_is_resumable [] (s: Slot) {reads Resumable} {fn(*const SSL_SESSION) -> c_int};
            }
        }
    };
}

pub(crate) use for_each_op;
