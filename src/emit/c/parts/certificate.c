/* A new key on a curve that all releases have. */
static EVP_PKEY *new_key(void)
{
    EVP_PKEY_CTX *making = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
    EVP_PKEY *key = NULL;

    if (making == NULL || EVP_PKEY_keygen_init(making) <= 0
        || EVP_PKEY_CTX_set_ec_paramgen_curve_nid(making, NID_X9_62_prime256v1) <= 0
        || EVP_PKEY_keygen(making, &key) <= 0)
        key = NULL;
    EVP_PKEY_CTX_free(making);
    return key;
}

/* Gives a connection a key, and a certificate that nobody has signed but itself. */
static int use_certificate(SSL *ssl)
{
    EVP_PKEY *key = new_key();
    X509 *certificate = X509_new();
    int used = key != NULL && certificate != NULL && ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1)
        && X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != NULL
        && X509_gmtime_adj(X509_getm_notAfter(certificate), 86400) != NULL && X509_set_pubkey(certificate, key)
        && X509_sign(certificate, key, EVP_sha256()) && SSL_use_certificate(ssl, certificate)
        && SSL_use_PrivateKey(ssl, key);

    X509_free(certificate);
    EVP_PKEY_free(key);
    return used;
}
