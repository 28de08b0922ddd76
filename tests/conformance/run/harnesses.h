// Harnesses of our own drivers.
#pragma once

#include "orlop/testing/conformance.h"

namespace orlop::testing {

void register_memory();
void register_local();
// S3 against the servers the environment names (tests/servers/README.md), and against our own in this process.
void register_servers();

// Registers it as it is, and once more behind the prefix layer.
void register_both(Harness harness);

}  // namespace orlop::testing
