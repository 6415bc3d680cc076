static long long cipher_of(SSL_SESSION *session)
{
    const SSL_CIPHER *found = SSL_SESSION_get0_cipher(session);

    return found == NULL ? -1 : SSL_CIPHER_get_protocol_id(found);
}
