//! Spells the types of prototypes in C.

/// Reports a type in Rust's words that is none of the prototypes'.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` has no C type here")]
pub struct NoCType(String);

/// Spells a Rust type in C, a qualifier after what it qualifies. Types that are the same on some machines only, such
/// as `long` and `time_t`, keep their own names.
///
/// # Errors
/// See [`NoCType`].
pub fn c_type(rust: &str) -> Result<String, NoCType> {
    if let Some(pointer) = rust.trim().strip_prefix('*') {
        let pointer = pointer.trim_start();
        return match (pointer.strip_prefix("const "), pointer.strip_prefix("mut ")) {
            (Some(pointee), _) => Ok(format!("{} const *", c_type(pointee)?)),
            (_, Some(pointee)) => Ok(format!("{} *", c_type(pointee)?)),
            (None, None) => Err(NoCType(rust.into())),
        };
    }
    let c = match rust.trim() {
        "..." => "...",
        "()" | "c_void" => "void",
        "c_char" => "char",
        "c_uchar" => "unsigned char",
        "c_int" => "int",
        "c_uint" => "unsigned int",
        "c_long" => "long",
        "c_ulong" => "unsigned long",
        "usize" => "size_t",
        "c_double" => "double",
        "time_t" => "time_t",
        "u8" => "uint8_t",
        "u16" => "uint16_t",
        "u32" => "uint32_t",
        "u64" => "uint64_t",
        "OSSL_LIB_CTX" => "OSSL_LIB_CTX",
        "OPENSSL_INIT_SETTINGS" => "OPENSSL_INIT_SETTINGS",
        "SSL_METHOD" => "SSL_METHOD",
        "SSL_CTX" => "SSL_CTX",
        "SSL" => "SSL",
        "SSL_CIPHER" => "SSL_CIPHER",
        "SSL_SESSION" => "SSL_SESSION",
        "X509" => "X509",
        "stack_st_X509" => "STACK_OF(X509)",
        "stack_st_SSL_COMP" => "STACK_OF(SSL_COMP)",
        "SSL_COMP" => "SSL_COMP",
        "OPENSSL_STACK" => "OPENSSL_STACK",
        "LHASH_OF_SSL_SESSION" => "LHASH_OF(SSL_SESSION)",
        "OPENSSL_LHASH" => "OPENSSL_LHASH",
        "EVP_MD" => "EVP_MD",
        "EVP_CIPHER" => "EVP_CIPHER",
        "EVP_CIPHER_CTX" => "EVP_CIPHER_CTX",
        "EVP_MAC_CTX" => "EVP_MAC_CTX",
        "ENGINE" => "ENGINE",
        "OSSL_PARAM" => "OSSL_PARAM",
        "BIO" => "BIO",
        "BIO_METHOD" => "BIO_METHOD",
        "EVP_PKEY" => "EVP_PKEY",
        "RAND_METHOD" => "RAND_METHOD",
        callback => return of_callback(callback).map(String::from).ok_or_else(|| NoCType(callback.into())),
    };
    Ok(c.into())
}

/// Spells the type of a function that a library is given; `None`: it is none.
fn of_callback(rust: &str) -> Option<&'static str> {
    Some(match rust {
        "pem_password_cb" => "pem_password_cb *",
        "callback_of_void" => "callback_of_void *",
        "i2d_of_void" => "i2d_of_void *",
        "d2i_of_void" => "d2i_of_void *",
        "xnew_of_void" => "xnew_of_void *",
        "OPENSSL_LH_DOALL_FUNCARG" => "void (*)(void *, void *)",
        "remove_session_cb" => "void (*)(SSL_CTX *, SSL_SESSION *)",
        "new_session_cb" => "int (*)(SSL *, SSL_SESSION *)",
        "get_session_cb" => "SSL_SESSION *(*)(SSL *, const unsigned char *, int, int *)",
        "not_resumable_session_callback" => "int (*)(SSL *, int)",
        "GEN_SESSION_CB" => "GEN_SESSION_CB",
        "info_callback" => "void (*)(const SSL *, int, int)",
        "SSL_CTX_alpn_select_cb_func" => "SSL_CTX_alpn_select_cb_func",
        "SSL_CTX_generate_session_ticket_fn" => "SSL_CTX_generate_session_ticket_fn",
        "SSL_CTX_decrypt_session_ticket_fn" => "SSL_CTX_decrypt_session_ticket_fn",
        "SSL_ticket_key_evp_cb" => {
            "int (*)(SSL *, unsigned char *, unsigned char *, EVP_CIPHER_CTX *, EVP_MAC_CTX *, int)"
        }
        "SSL_psk_use_session_cb_func" => "SSL_psk_use_session_cb_func",
        "SSL_psk_find_session_cb_func" => "SSL_psk_find_session_cb_func",
        "Malloc" => "wolfSSL_Malloc_cb",
        "Free" => "wolfSSL_Free_cb",
        "Realloc" => "wolfSSL_Realloc_cb",
        "SSL_verify_cb" => "int (*)(int, X509_STORE_CTX *)",
        // Spelled out: 1.1.1 has no names for them.
        "CRYPTO_malloc_fn" => "void *(*)(size_t, const char *, int)",
        "CRYPTO_realloc_fn" => "void *(*)(void *, size_t, const char *, int)",
        "CRYPTO_free_fn" => "void (*)(void *, const char *, int)",
        "CRYPTO_EX_new_fn" | "CRYPTO_EX_free_fn" => "void (*)(void *, void *, CRYPTO_EX_DATA *, int, long, void *)",
        "CRYPTO_EX_dup_fn" => "int (*)(CRYPTO_EX_DATA *, const CRYPTO_EX_DATA *, void **, int, long, void *)",
        _ => return None,
    })
}
