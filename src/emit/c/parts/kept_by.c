/* Of each: 1 where the new callback of a server kept it. */
static int kept_by[4096];
