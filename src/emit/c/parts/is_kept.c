static int is_kept(SSL_SESSION *session)
{
    int i = kept_first;

    while (i < kept_end && kept[i] != session)
        i++;
    return i < kept_end;
}
