int main(void)
{
REGISTER
    calls();
    printf("as expected\n");
    return 0;
}
