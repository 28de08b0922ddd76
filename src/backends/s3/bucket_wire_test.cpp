// Documents of services that are not Amazon, and documents that are none.
#include "backends/s3/bucket_wire.h"

#include <gtest/gtest.h>

namespace orlop::s3 {
namespace {

// As MinIO answers: its one grantee has no name.
TEST(BucketWire, AListThatSaysNothing) {
  Acl acl = parse_acl(R"(<?xml version="1.0"?><AccessControlPolicy><Owner><ID></ID></Owner><AccessControlList><Grant>
    <Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><Type></Type></Grantee>
    <Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>)")
                .value();
  ASSERT_EQ(acl.grants.size(), 1U);
  EXPECT_EQ(acl.grants[0].permission, Permission::full_control);
  EXPECT_TRUE(acl.owner.id.empty());
}

TEST(BucketWire, ListsGoThereAndBack) {
  Acl acl{{"owner", "O. & <Co>"}, {}};
  acl.grants.push_back({Grant::To::user, "owner", Permission::full_control, "O. & <Co>"});
  acl.grants.push_back(Grant::to_email("a@b.example", Permission::read_acp));
  acl.grants.push_back(Grant::to_group(log_delivery, Permission::write));
  EXPECT_EQ(Acl::from_xml(acl.to_xml()).value(), acl);
  EXPECT_EQ(parse_acl(acl_body(acl)).value(), acl);
  EXPECT_NE(acl.to_xml().find(R"(xsi:type="AmazonCustomerByEmail")"), std::string::npos);
}

TEST(BucketWire, HalfAListIsNone) {
  for (const char* text : {"<AccessControlPolicy/>",
                           "<AccessControlPolicy><AccessControlList><Grant/></AccessControlList></AccessControlPolicy>",
                           "<AccessControlPolicy><AccessControlList><Grant><Grantee><ID>x</ID></"
                           "Grantee><Permission>ALL</Permission></Grant>"
                           "</AccessControlList></AccessControlPolicy>"}) {
    EXPECT_EQ(parse_acl(text).error().code(), Code::data_corrupted) << text;
    EXPECT_EQ(Acl::from_xml(text).error().code(), Code::invalid_argument) << text;
  }
}

TEST(BucketWire, VersionsStandByTheirKeys) {
  VersionsReply reply = parse_versions(R"(<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
    <IsTruncated>true</IsTruncated><EncodingType>url</EncodingType>
    <NextKeyMarker>b%2Bc</NextKeyMarker><NextVersionIdMarker>v1</NextVersionIdMarker>
    <Version><Key>b%2Bc</Key><VersionId>v1</VersionId><IsLatest>false</IsLatest><Size>3</Size><ETag>"e"</ETag></Version>
    <DeleteMarker><Key>a</Key><VersionId>v2</VersionId><IsLatest>true</IsLatest></DeleteMarker>
    <Version><Key>a</Key><VersionId>null</VersionId><IsLatest>false</IsLatest><Size>0</Size></Version>
    <CommonPrefixes><Prefix>aa/</Prefix></CommonPrefixes></ListVersionsResult>)")
                            .value();
  EXPECT_TRUE(reply.truncated);
  EXPECT_EQ(reply.next_key, "b+c");
  ASSERT_EQ(reply.versions.size(), 4U);
  EXPECT_TRUE(reply.versions[0].is_delete_marker);
  EXPECT_EQ(reply.versions[1].id, "null");
  EXPECT_TRUE(reply.versions[2].is_prefix);
  EXPECT_EQ(reply.versions[3].key, "b+c");
  EXPECT_EQ(parse_versions("<ListVersionsResult/>").error().code(), Code::data_corrupted);
  EXPECT_FALSE(
      parse_versions("<ListVersionsResult><IsTruncated>false</IsTruncated><Version><Key>a</Key></Version>"
                     "</ListVersionsResult>"));
}

TEST(BucketWire, StatesThatAreKnown) {
  EXPECT_EQ(parse_versioning("<VersioningConfiguration/>").value(), Versioning::never);
  EXPECT_EQ(parse_versioning(versioning_body(true)).value(), Versioning::enabled);
  EXPECT_EQ(parse_versioning(versioning_body(false)).value(), Versioning::suspended);
  EXPECT_FALSE(parse_versioning("<VersioningConfiguration><Status>Perhaps</Status></VersioningConfiguration>"));
  EXPECT_EQ(parse_location("<LocationConstraint/>").value(), "");
  EXPECT_EQ(parse_tags(tags_body({{"a&b", "<c>"}})).value(), (StringMap{{"a&b", "<c>"}}));
}

TEST(BucketWire, AnEmptyAnswerIsNoPage) {
  EXPECT_TRUE(check_empty(""));
  EXPECT_TRUE(check_empty("\r\n"));
  EXPECT_TRUE(check_empty("<CreateBucketResult/>"));
  EXPECT_EQ(check_empty("<!DOCTYPE html><html></html>").error().code(), Code::data_corrupted);
  EXPECT_EQ(check_empty("Please sign in").error().code(), Code::data_corrupted);
  EXPECT_EQ(check_empty("<Error><Code>AccessDenied</Code></Error>").error().code(), Code::permission_denied);
}

}  // namespace
}  // namespace orlop::s3
