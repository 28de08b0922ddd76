#include "orlop/storage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orlop/backends/memory.h"
#include "orlop/layers/layers.h"

namespace orlop {
namespace {

using testing::ElementsAre;

Storage memory_storage(std::string location = {}) {
  StorageOptions options;
  options.location = std::move(location);
  return Storage(memory::open(), options);
}

TEST(Storage, StacksItsLayersInTheOneOrder) {
  StorageOptions options;
  options.location = "media";
  options.attempt_timeout = Milliseconds(1000);
  Storage storage(memory::open(), options);
  EXPECT_THAT(layers::describe(*storage.driver()), ElementsAre("check", "observe", "retry", "timeout", "prefix", "mem"));
}

TEST(Storage, SavesAndReads) {
  Storage storage = memory_storage("media");
  EXPECT_EQ(storage.save("a//b.css", "body{}").value(), "a/b.css");
  EXPECT_EQ(storage.read_all("a/b.css").value(), "body{}");
  EXPECT_EQ(storage.stat("a/b.css").value().attrs.content_type, "text/css");
  EXPECT_TRUE(storage.exists("a/b.css").value());
  EXPECT_FALSE(storage.exists("a").value());
  storage.remove("a/b.css").value();
  EXPECT_EQ(storage.stat("a/b.css").error().code(), Code::not_found);
}

}  // namespace
}  // namespace orlop
