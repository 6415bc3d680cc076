/* A name, a key of HMAC, a key of AES. */
static unsigned char ticket_keys_b[80] = "b";
