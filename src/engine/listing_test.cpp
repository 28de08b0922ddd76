#include "engine/listing.h"

#include <gtest/gtest.h>

#include <set>

namespace orlop::engine {
namespace {

using Names = std::vector<std::string>;

// All pages, joined by "|".
Names list(const std::set<std::string>& keys, ListRequest request) {
  Names names;
  for (bool first = true; first || !request.token.empty(); first = false) {
    if (!first) names.push_back("|");
    PageBuilder page = PageBuilder::open(request).value();
    for (auto at = keys.lower_bound(page.position());
         at != keys.end() && page.offer({.key = *at, .is_prefix = {}, .size = {}, .modified = {}, .etag = {}});
         at = keys.lower_bound(page.position())) {
    }
    Page built = page.take();
    for (const Entry& entry : built.entries) names.push_back(entry.is_prefix ? "<" + entry.key + ">" : entry.key);
    request.token = built.next;
  }
  return names;
}

ListRequest request(std::string prefix, std::string delimiter = {}, std::uint32_t size = 0, std::string after = {}) {
  return {.prefix = std::move(prefix),
          .delimiter = std::move(delimiter),
          .token = {},
          .start_after = std::move(after),
          .page_size = size};
}

const std::set<std::string> keys{"a",  "a-b", "a/",  "a/b",      "a/c/d",           "a/c/e",
                                 "a0", "b",   "b/x", "\xC3\xA9", "\xF0\x9F\x98\x80"};

TEST(PageBuilder, ListsEverythingInByteOrder) { EXPECT_EQ(list(keys, request("")), Names(keys.begin(), keys.end())); }

TEST(PageBuilder, GroupsByDelimiterOnceEach) {
  EXPECT_EQ(list(keys, request("", "/")),
            (Names{"a", "a-b", "<a/>", "a0", "b", "<b/>", "\xC3\xA9", "\xF0\x9F\x98\x80"}));
  EXPECT_EQ(list(keys, request("a/", "/")), (Names{"a/", "a/b", "<a/c/>"}));
  EXPECT_EQ(list(keys, request("a", "/")), (Names{"a", "a-b", "<a/>", "a0"}));
  EXPECT_EQ(list({"xA--B1", "xA--B2", "xA-C"}, request("x", "--")), (Names{"<xA-->", "xA-C"}));
}

TEST(PageBuilder, PagesOfAnySizeGiveTheSame) {
  for (std::string delimiter : {"", "/"})
    for (std::uint32_t size = 1; size < 12; ++size) {
      Names paged = list(keys, request("", delimiter, size));
      std::erase(paged, "|");
      EXPECT_EQ(paged, list(keys, request("", delimiter)));
    }
  EXPECT_EQ(list({"a", "b"}, request("", "", 2)), (Names{"a", "b"})) << "a full last page has no successor";
}

TEST(PageBuilder, StartsBehindAKeyOrAGroup) {
  EXPECT_EQ(list(keys, request("", "", 0, "a/c/e")), (Names{"a0", "b", "b/x", "\xC3\xA9", "\xF0\x9F\x98\x80"}));
  EXPECT_EQ(list(keys, request("a", "/", 0, "a/")), (Names{"a0"}));
  EXPECT_EQ(list(keys, request("b", "", 0, "a")), (Names{"b", "b/x"}));
  EXPECT_EQ(list(keys, request("a", "", 0, "zzz")), Names{});
}

TEST(PageBuilder, EndsBehindTheLastPossibleGroup) {
  EXPECT_EQ(list({"\xFF\xFF", "\xFFz"}, request("\xFF", "\xFF")), (Names{"\xFFz", "<\xFF\xFF>"}));
}

TEST(PageBuilder, RefusesForeignTokens) {
  for (std::string token : {"x", "abc", "zz", "-1", "+f", "0 "}) {
    ListRequest bad = request("");
    bad.token = token;
    EXPECT_EQ(PageBuilder::open(bad).error().code(), Code::invalid_argument) << token;
  }
}

}  // namespace
}  // namespace orlop::engine
