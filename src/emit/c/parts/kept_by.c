/* Of each: 1 where the new callback of a server kept it, 2 where it was agreed on before. */
static int kept_by[4096];
