#include "server/faults.h"

#include <gtest/gtest.h>

namespace orlop::server {
namespace {

TEST(Faults, NamesCarryTheirNumbers) {
  Fault drop = parse_fault("drop-after-256K-once").value();
  EXPECT_EQ(drop.kind, FaultKind::drop_after);
  EXPECT_EQ(drop.bytes, 256U * 1024);
  EXPECT_EQ(drop.times, 1);
  EXPECT_EQ(parse_fault("503-twice").value().times, 2);
  EXPECT_EQ(parse_fault("503-17-times").value().times, 17);
  EXPECT_EQ(parse_fault("stall-2s").value().duration, Milliseconds(2000));
  EXPECT_EQ(parse_fault("stall-after-10").value().kind, FaultKind::stall_after);
}

TEST(Faults, OtherNamesAreRefused) {
  for (const char* name : {"", "503-", "99", "600", "drop-after-", "drop-after-9999999999999999G", "stall-2", "-once",
                           "503-0-times", "503-x-times", "drop-after--1"}) {
    EXPECT_FALSE(parse_fault(name)) << name;
  }
}

TEST(Faults, GlobsMatchAcrossSlashes) {
  EXPECT_TRUE(glob_matches("/b/*.txt", "/b/x/y.txt"));
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_TRUE(glob_matches("/b/?", "/b/x"));
  EXPECT_TRUE(glob_matches("*a*b*", "xxaxxbxx"));
  EXPECT_FALSE(glob_matches("/b/*.txt", "/b/x.txtx"));
  EXPECT_FALSE(glob_matches("/b/?", "/b/"));
}

TEST(Faults, TheFirstRuleThatFitsAndIsLeft) {
  Faults faults;
  ASSERT_TRUE(faults.set("GetObject 500-once\nGET /b/* 501-once # comment\n"));
  auto status = [&](const char* operation, const char* path) {
    auto fault = faults.choose(operation, "GET", path, "").value();
    return fault ? fault->status : 0;
  };
  EXPECT_EQ(status("ListObjects", "/other"), 0);
  EXPECT_EQ(status("GetObject", "/b/k"), 500);
  EXPECT_EQ(status("GetObject", "/b/k"), 501);
  EXPECT_EQ(status("GetObject", "/b/k"), 0);
}

TEST(Faults, AWrongScriptChangesNothing) {
  Faults faults;
  ASSERT_TRUE(faults.set("500"));
  auto wrong = faults.set("501\n\nnonsense\n");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message().find("line 3"), std::string::npos);
  EXPECT_EQ(faults.choose("GetObject", "GET", "/b/k", "").value()->status, 500);
  EXPECT_FALSE(faults.set("ListObjectz 503"));
}

}  // namespace
}  // namespace orlop::server
