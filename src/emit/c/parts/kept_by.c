/* Of each: 1 where the new callback of a server kept it, 3 where that of a client did, 2 where it was agreed on before. */
static int kept_by[4096];
