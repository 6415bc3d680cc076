# The C code whose lines scripts/coverage counts, for -fprofile-list: all of libssl.
[clang]
default:skip
source:ssl/*=allow
source:*/ssl/*=allow
