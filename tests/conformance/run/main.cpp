// The contract suite for the drivers of this library, plain and through the prefix layer.
#include <gtest/gtest.h>

#include "harnesses.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  orlop::testing::register_memory();
  orlop::testing::register_local();
  orlop::testing::register_servers();
  return RUN_ALL_TESTS();
}
