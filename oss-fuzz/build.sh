#!/usr/bin/env bash
# The same for ClusterFuzzLite and OSS-Fuzz.
exec bash "$SRC/sessdiff/scripts/oss-fuzz-build"
