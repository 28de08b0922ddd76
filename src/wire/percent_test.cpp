#include "wire/percent.h"

#include <gtest/gtest.h>

namespace orlop::wire {
namespace {

using namespace std::string_view_literals;

TEST(Percent, PathKeepsSlashAndUnreserved) {
  EXPECT_EQ(encode_path("a/b-._~Z9"), "a/b-._~Z9");
  EXPECT_EQ(encode_path("a b+c%d"), "a%20b%2Bc%25d");
  EXPECT_EQ(encode_path("\xC3\xA9\x00\x7F"sv), "%C3%A9%00%7F");
  EXPECT_EQ(encode_path("!*'()"), "%21%2A%27%28%29");
}

TEST(Percent, QueryEncodesSlash) { EXPECT_EQ(encode_query("a/b=c&d"), "a%2Fb%3Dc%26d"); }

TEST(Percent, EveryByteSurvivesTheWayBack) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(*decode_percent(encode_path(all)), all);
  EXPECT_EQ(*decode_form(encode_query(all)), all);
}

TEST(Percent, PlusIsASpaceInFormsOnly) {
  EXPECT_EQ(*decode_percent("a+b%2b"), "a+b+");
  EXPECT_EQ(*decode_form("a+b%2b"), "a b+");
}

TEST(Percent, MalformedIsRefused) {
  for (const auto text : {"%"sv, "%4"sv, "a%"sv, "%G0"sv, "%0G"sv, "%%41"sv, "abc%2"sv}) {
    const auto decoded = decode_percent(text);
    ASSERT_FALSE(decoded) << text;
    EXPECT_EQ(decoded.error().code(), Code::invalid_argument);
  }
}

}  // namespace
}  // namespace orlop::wire
