/* What headers do not declare that are older than the library. */
#if OPENSSL_VERSION_NUMBER < 0x30200000L
SSL_SESSION *d2i_SSL_SESSION_ex(SSL_SESSION **session, const unsigned char **at, long length,
                                struct ossl_lib_ctx_st *library, const char *properties);
#endif
#if OPENSSL_VERSION_NUMBER < 0x30300000L
time_t SSL_SESSION_get_time_ex(const SSL_SESSION *session);
time_t SSL_SESSION_set_time_ex(SSL_SESSION *session, time_t time);
#endif
#if OPENSSL_VERSION_NUMBER < 0x30400000L
void SSL_CTX_flush_sessions_ex(SSL_CTX *context, time_t time);
#endif
