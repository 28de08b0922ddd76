#include "server/facts.h"

#include <gtest/gtest.h>

namespace orlop::server {
namespace {

TEST(Facts, SurviveTheirEncoding) {
  Facts facts;
  facts.size = 20'971'520;
  facts.etag = "a09cbce54e6d66e48f5a943a04bdb327-3";
  facts.checksum = {ChecksumAlgorithm::crc32c, std::string("\0\xff\x01&", 4)};
  facts.composite_parts = 3;
  facts.parts = {{2, 8'388'608}, {1, 4'194'304}};
  facts.acl = "public-read";
  facts.tags = "a=1&b=%26";
  facts.storage_class = "GLACIER";
  auto back = decode_facts(encode_facts(facts));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->size, facts.size);
  EXPECT_EQ(back->etag, facts.etag);
  EXPECT_EQ(back->checksum, facts.checksum);
  EXPECT_EQ(back->composite_parts, 3U);
  EXPECT_EQ(back->parts, facts.parts);
  EXPECT_EQ(back->acl, facts.acl);
  EXPECT_EQ(back->tags, facts.tags);
  EXPECT_EQ(back->storage_class, facts.storage_class);
}

TEST(Facts, NonsenseIsNone) {
  for (const char* text : {"", "size", "size=x", "size=-1", "%zz=1", "size=1&of=x"})
    EXPECT_FALSE(decode_facts(text)) << text;
}

TEST(Facts, FitIntoTheMetadataOfAnyService) {
  Facts facts;
  for (std::uint64_t size = 1; size <= 10'000; ++size) facts.parts.push_back({1, size});
  EXPECT_LT(encode_facts(facts).size(), 1000U);
}

TEST(Facts, KnowWhereAPartIs) {
  Facts facts;
  facts.parts = {{2, 10}, {1, 5}};
  EXPECT_EQ(facts.part_count(), 3U);
  ASSERT_TRUE(facts.part(2));
  EXPECT_EQ(facts.part(2)->begin, 10U);
  EXPECT_EQ(facts.part(3)->begin, 20U);
  EXPECT_EQ(facts.part(3)->end, 25U);
  EXPECT_FALSE(facts.part(0));
  EXPECT_FALSE(facts.part(4));
}

TEST(Facts, AttributesSurviveAsARecord) {
  Attrs attrs;
  attrs.content_type = "text/plain; charset=\"utf-8\"";
  attrs.user = {{"color", "blau & grün"}, {"empty", ""}};
  StringMap record;
  add_attrs(record, attrs);
  EXPECT_EQ(take_attrs(decode_record(encode_record(record))), attrs);
}

}  // namespace
}  // namespace orlop::server
