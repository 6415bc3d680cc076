/* A new key, and a certificate that nobody has signed but itself. */
static int use_certificate(SSL *ssl)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
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
