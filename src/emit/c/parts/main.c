int main(void)
{
REGISTER
    calls();
    printf(faults == 0 ? "as expected\n" : "%d differences\n", faults);
    return faults != 0;
}
