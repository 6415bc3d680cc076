int main(void)
{
    long before;
    int i;

    runs_on();
    if (CRYPTO_set_mem_functions(counted_malloc, counted_realloc, counted_free) != 1)
        return 2;
REGISTER
    /* What is allocated once only is no leak. */
    for (i = 0; i < 40; i++)
        calls();
    before = live;
    calls();
    number(0, "blocks that live on when every session was given back", 0, live - before);
    printf("as expected\n");
    return 0;
}
