/* Gives a key: 2 where the ticket is to be followed by another. */
static int ticket_key(unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *ctx, EVP_MAC_CTX *mac, int seals, int newest)
{
    static unsigned char names[3][17] = { "", "sessdiff: first ", "sessdiff: second" }, keys[3][32] = { "", "first", "second" };
    OSSL_PARAM params[3];
    int key = newest;

    if (seals) {
        memcpy(name, names[key], 16);
        memset(iv, 0, 16);
    } else {
        while (key > 0 && memcmp(name, names[key], 16) != 0)
            key--;
    }
    happens("ticket_key", seals, NULL, NULL);
    if (key == 0)
        return 0;
    params[0] = OSSL_PARAM_construct_octet_string("key", keys[key], sizeof(keys[key]));
    params[1] = OSSL_PARAM_construct_utf8_string("digest", "SHA256", 0);
    params[2] = OSSL_PARAM_construct_end();
    if (!EVP_MAC_CTX_set_params(mac, params)
        || !(seals ? EVP_EncryptInit_ex(ctx, EVP_aes_256_cbc(), NULL, keys[key], iv)
                   : EVP_DecryptInit_ex(ctx, EVP_aes_256_cbc(), NULL, keys[key], iv)))
        return -1;
    return key == newest ? 1 : 2;
}
