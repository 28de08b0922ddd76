#include "backends/s3/endpoint.h"

#include <gtest/gtest.h>

#include "backends/s3/config.h"
#include "backends/s3/testing.h"

namespace orlop::s3 {
namespace {

std::string url_of(std::string endpoint, std::string bucket, std::string region, Addressing addressing) {
  Options options = example_options("");
  options.endpoint = std::move(endpoint);
  options.bucket = std::move(bucket);
  options.region = std::move(region);
  options.addressing = addressing;
  Rig rig(options);
  return rig.driver->public_url("k").value();
}

TEST(S3Endpoint, AddressesAsClientsDo) {
  using enum Addressing;
  EXPECT_EQ(url_of("", "test-bucket", "us-east-1", automatic), "https://test-bucket.s3.amazonaws.com/k");
  EXPECT_EQ(url_of("", "test-bucket", "us-west-2", virtual_host), "https://test-bucket.s3.us-west-2.amazonaws.com/k");
  EXPECT_EQ(url_of("", "test-bucket", "eu-central-1", path), "https://s3.eu-central-1.amazonaws.com/test-bucket/k");
  EXPECT_EQ(url_of("", "test-bucket", "cn-north-1", automatic), "https://test-bucket.s3.cn-north-1.amazonaws.com.cn/k");
  EXPECT_EQ(url_of("", "a.b.c", "us-east-1", automatic), "https://s3.amazonaws.com/a.b.c/k");
  EXPECT_EQ(url_of("", "UpperB", "us-east-1", virtual_host), "https://s3.amazonaws.com/UpperB/k");
  EXPECT_EQ(url_of("http://localhost:9000", "test-bucket", "us-east-1", automatic),
            "http://localhost:9000/test-bucket/k");
  EXPECT_EQ(url_of("http://localhost:9000", "test-bucket", "us-east-1", virtual_host),
            "http://test-bucket.localhost:9000/k");
  EXPECT_EQ(url_of("https://nyc3.digitaloceanspaces.com", "b01", "nyc3", automatic),
            "https://nyc3.digitaloceanspaces.com/b01/k");
  EXPECT_EQ(url_of("https://Example.COM:443/Base/dir/", "b01", "x", automatic), "https://example.com/Base/dir/b01/k");
  EXPECT_EQ(url_of("http://example.com:80", "b01", "x", automatic), "http://example.com/b01/k");
  EXPECT_EQ(url_of("http://[::1]:9000", "b01", "x", automatic), "http://[::1]:9000/b01/k");
  EXPECT_EQ(url_of("https://s3.eu-central-1.amazonaws.com", "b01", "", automatic),
            "https://b01.s3.eu-central-1.amazonaws.com/k");
}

TEST(S3Endpoint, RefusesWhatIsNone) {
  for (std::string endpoint : {"localhost:9000", "ftp://x", "http://", "http://a b", "http://user:pw@host",
                               "http://host?x=1", "http://host#f", "http://ho\nst", "http://:9000", "http://host:"}) {
    Options options = example_options();
    options.endpoint = endpoint;
    auto driver = open(options);
    ASSERT_FALSE(driver) << endpoint;
    EXPECT_EQ(driver.error().code(), Code::config_invalid);
    EXPECT_NE(driver.error().message().find("endpoint"), std::string::npos);
    EXPECT_EQ(driver.error().message().find("pw"), std::string::npos);
  }
}

TEST(S3Config, NamesTheOptionThatIsWrong) {
  const std::pair<std::string, void (*)(Options&)> cases[] = {
      {"bucket", [](Options& o) { o.bucket = ""; }},
      {"bucket", [](Options& o) { o.bucket = "a/b"; }},
      {"region", [](Options& o) { o.region = "evil.example/"; }},
      {"dialect", [](Options& o) { o.dialect = "azure"; }},
      {"checksum", [](Options& o) { o.checksum = "crc16"; }},
      {"checksum", [](Options& o) { o.dialect = "ceph", o.checksum = "crc32c"; }},
      {"secret_access_key", [](Options& o) { o.secret_access_key = ""; }},
      {"access_key_id", [](Options& o) { o.access_key_id = ""; }},
      {"profile", [](Options& o) { o.profile = "p"; }},
      {"part_size", [](Options& o) { o.part_size = 1; }},
      {"concurrency", [](Options& o) { o.concurrency = 0; }},
      {"signature", [](Options& o) { o.signature = "v5"; }},
  };
  for (const auto& [name, spoil] : cases) {
    Options options = example_options();
    spoil(options);
    auto driver = open(options);
    ASSERT_FALSE(driver) << name;
    EXPECT_EQ(driver.error().code(), Code::config_invalid);
    EXPECT_NE(driver.error().message().find(name), std::string::npos) << driver.error().message();
    EXPECT_EQ(driver.error().to_string().find("wJalr"), std::string::npos);
  }
}

TEST(S3Config, TheDialectTakesCapabilitiesAway) {
  auto caps = [](std::string dialect) { return Rig(example_options(std::move(dialect))).driver->info().caps; };
  EXPECT_TRUE(caps("aws").has(Cap::copy_create));
  EXPECT_FALSE(caps("minio").has(Cap::copy_create));
  EXPECT_TRUE(caps("ceph").has(Cap::put_create));
  EXPECT_FALSE(caps("ceph").has(Cap::write_create));
  EXPECT_FALSE(caps("garage").has(Cap::put_create));
  EXPECT_FALSE(caps("aws").has(Cap::move));
  Rig rig(example_options("garage"));
  auto put = rig.driver->put(rig.context, {.key = "k", .payload = {}, .mode = PutMode::create});
  EXPECT_EQ(put.error().code(), Code::unsupported);
  EXPECT_EQ(rig.requests(), 0U);
}

TEST(S3Config, TheDialectFollowsTheHost) {
  EXPECT_EQ(dialect_of_host("s3.eu-west-1.amazonaws.com").name, "aws");
  EXPECT_EQ(dialect_of_host("s3.cn-north-1.amazonaws.com.cn").name, "aws");
  EXPECT_EQ(dialect_of_host("s3.us-iso-east-1.c2s.ic.gov").name, "aws");
  const std::pair<const char*, const char*> hosts[] = {
      {"abc123.r2.cloudflarestorage.com", "r2"},
      {"abc123.eu.r2.cloudflarestorage.com:443", "r2"},
      {"s3.us-west-004.backblazeb2.com", "b2"},
      {"nyc3.digitaloceanspaces.com", "digitalocean"},
      {"s3.fr-par.scw.cloud", "scaleway"},
      {"s3.eu-central-1.wasabisys.com", "wasabi"},
      {"ns.compat.objectstorage.eu-frankfurt-1.oraclecloud.com", "oracle"},
      {"ns.vhcompat.objectstorage.us-ashburn-1.oci.customer-oci.com", "oracle"},
      {"storage.googleapis.com", "gcs"},
      {"storage.me-central2.rep.googleapis.com", "gcs"},
      {"notstorage.googleapis.com", "generic"},
      {"r2.cloudflarestorage.com.evil.org", "generic"}};
  for (const auto& [host, name] : hosts) EXPECT_EQ(dialect_of_host(host).name, name) << host;
  EXPECT_EQ(dialect_of_host("localhost:9000").name, "generic");
  EXPECT_EQ(dialect_of_host("s3.amazonaws.com.evil.org").name, "generic");
}

TEST(S3Config, OddKeysAreRefusedWhereTheyWouldBecomeOthers) {
  for (std::string key : {"/a", "a//b", "a/./b", "..", "a/.."}) {
    Rig minio(example_options("minio"));
    EXPECT_EQ(minio.driver->stat(minio.context, {.key = key}).error().code(), Code::invalid_argument) << key;
    EXPECT_EQ(minio.requests(), 0U);
  }
  EXPECT_EQ(odd_key("a/..b/c."), 0U);
  EXPECT_EQ(odd_key("a/"), unsigned{trailing_slash});
}

// What is ignored, or refused, by services that are known for it must not be claimed.
TEST(S3Dialects, ServicesWithoutConditionsClaimNone) {
  for (const char* name : {"b2", "gcs", "oracle", "wasabi", "garage"}) {
    const Dialect* dialect = find_dialect(name);
    ASSERT_TRUE(dialect) << name;
    for (Cap cap : {Cap::put_create, Cap::put_match, Cap::write_create, Cap::write_match, Cap::copy_create}) {
      EXPECT_TRUE(dialect->lowered.has(cap)) << name << " " << to_string(cap);
    }
  }
  EXPECT_FALSE(find_dialect("scaleway")->lowered.has(Cap::copy_create));
  EXPECT_FALSE(find_dialect("r2")->lowered.has(Cap::put_match));
  EXPECT_TRUE(find_dialect("r2")->lowered.has(Cap::write_create));
}

TEST(S3Dialects, AnUnknownServiceIsLookedAtBeforeSomethingIsCreated) {
  Rig rig(example_options("generic"));
  PutRequest create{.key = "k", .payload = Payload::text("x"), .mode = PutMode::create};
  rig.then({.status = 200, .headers = {{"etag", "\"e\""}}});
  EXPECT_EQ(rig.driver->put(rig.context, create).error().code(), Code::already_exists);
  EXPECT_EQ(rig.sent(0).method, "HEAD");
  EXPECT_EQ(rig.requests(), 1U);
  // Nothing there; a rival comes in between, and the service tells: from now on its word is taken.
  rig.then({.status = 404}).then(error_answer(412, "PreconditionFailed"));
  EXPECT_EQ(rig.driver->put(rig.context, create).error().code(), Code::already_exists);
  EXPECT_EQ(rig.sent(2).header("if-none-match"), "*");
  rig.then({.status = 200, .headers = {{"etag", "\"e\""}}});
  EXPECT_TRUE(rig.driver->put(rig.context, create));
  EXPECT_EQ(rig.requests(), 4U);
}

TEST(S3Dialects, AnUnknownServiceThatRefusesConditionsIsTold) {
  Rig rig(example_options("generic"));
  rig.then({.status = 404}).then(error_answer(501, "NotImplemented"));
  auto put = rig.driver->put(rig.context, {.key = "k", .payload = Payload::text("x"), .mode = PutMode::create});
  EXPECT_EQ(put.error().code(), Code::unsupported);
  EXPECT_NE(put.error().message().find("set dialect"), std::string::npos);
}

}  // namespace
}  // namespace orlop::s3
