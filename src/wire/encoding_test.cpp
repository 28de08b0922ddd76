#include "wire/encoding.h"

#include <gtest/gtest.h>

namespace orlop::wire {
namespace {

using namespace std::string_view_literals;

struct Base64Case {
  std::string_view plain;
  std::string_view text;
};

// RFC 4648 section 10.
constexpr Base64Case rfc4648[] = {{"", ""},
                                  {"f", "Zg=="},
                                  {"fo", "Zm8="},
                                  {"foo", "Zm9v"},
                                  {"foob", "Zm9vYg=="},
                                  {"fooba", "Zm9vYmE="},
                                  {"foobar", "Zm9vYmFy"}};

TEST(Base64, Rfc4648Vectors) {
  for (const auto& [plain, text] : rfc4648) {
    EXPECT_EQ(encode_base64(as_bytes(plain)), text);
    EXPECT_EQ(*decode_base64(text), plain);
  }
}

TEST(Base64, EveryByteSurvivesTheWayBack) {
  std::string all;
  for (int i = 0; i < 256; ++i) {
    all += static_cast<char>(i);
    EXPECT_EQ(*decode_base64(encode_base64(as_bytes(all))), all);
  }
}

TEST(Base64, MalformedIsRefused) {
  for (const auto text : {"Zg"sv, "Zg="sv, "Z==="sv, "===="sv, "Zm9v\n"sv, "Zm 9"sv, "Zg==Zg=="sv, "Zh=="sv, "Zm9="sv,
                          "Zm-_"sv, "=Zg="sv, "Zg\0="sv})
    EXPECT_FALSE(decode_base64(text)) << text;
}

TEST(Hex, EncodesAndDecodes) {
  EXPECT_EQ(encode_hex(as_bytes("\x00\x7F\xFF"sv)), "007fff");
  EXPECT_EQ(*decode_hex("007fFF"), "\x00\x7F\xFF"sv);
  for (const auto text : {"0"sv, "0g"sv, "g0"sv, " 0"sv, "0x"sv}) EXPECT_FALSE(decode_hex(text)) << text;
}

}  // namespace
}  // namespace orlop::wire
