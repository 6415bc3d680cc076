int main(void)
{
    runs_on();
REGISTER
    calls();
    printf("as expected\n");
    return 0;
}
