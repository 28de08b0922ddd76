#include "backends/s3/credentials.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "backends/s3/shared_config.h"
#include "backends/s3/testing.h"
#include "tests/support/credentials.h"

namespace orlop::s3 {
namespace {

class S3Credentials : public CleanEnvironment {};

TEST_F(S3Credentials, TheEnvironmentComesBeforeTheFiles) {
  write("credentials", "[default]\naws_access_key_id = FILE\naws_secret_access_key = s1\n");
  set("AWS_ACCESS_KEY_ID", "ENV");
  set("AWS_SECRET_ACCESS_KEY", "s2");
  set("AWS_SECURITY_TOKEN", "t");
  auto found = default_chain({.profile = ""})->get().value();
  EXPECT_EQ(found->access_key_id, "ENV");
  EXPECT_EQ(found->session_token, "t");
  ::unsetenv("AWS_ACCESS_KEY_ID");
  EXPECT_EQ(default_chain({.profile = ""})->get().value()->access_key_id, "FILE");
}

TEST_F(S3Credentials, ANamedProfileWinsOverTheEnvironment) {
  write("credentials",
        "# c\n[default]\naws_access_key_id=D\naws_secret_access_key=x\n\n[ work ]\r\nAWS_ACCESS_KEY_ID = W\r\n"
        "aws_secret_access_key = a=b; c\r\naws_session_token = T\r\n");
  write("config",
        "[profile work]\nregion = eu-west-3\ns3 =\n  addressing_style = path\n[profile sso-only]\nsso_session = s\n");
  set("AWS_ACCESS_KEY_ID", "ENV");
  set("AWS_SECRET_ACCESS_KEY", "s2");
  auto found = default_chain({.profile = "work"})->get().value();
  EXPECT_EQ(found->access_key_id, "W");
  EXPECT_EQ(found->secret_access_key, "a=b; c");
  EXPECT_EQ(found->session_token, "T");
  Profile profile = load_profile("work").value();
  EXPECT_EQ(profile.get("region"), "eu-west-3");
  EXPECT_EQ(profile.get("addressing_style"), "");
}

TEST_F(S3Credentials, SaysWhereItLooked) {
  auto missing = default_chain({.profile = ""})->get();
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), Code::unauthenticated);
  for (std::string place :
       {"AWS_ACCESS_KEY_ID", "credentials", "config", "\"default\"", "access_key_id", "anonymous"}) {
    EXPECT_NE(missing.error().message().find(place), std::string::npos) << missing.error().message();
  }
  auto unknown = default_chain({.profile = "nobody"})->get();
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code(), Code::config_invalid);
  EXPECT_NE(unknown.error().message().find("nobody"), std::string::npos);
}

TEST_F(S3Credentials, HalfAPairAndBrokenFilesAreNamed) {
  set("AWS_ACCESS_KEY_ID", "ENV");
  EXPECT_EQ(default_chain({.profile = ""})->get().error().code(), Code::config_invalid);
  ::unsetenv("AWS_ACCESS_KEY_ID");
  write("credentials", "[default]\naws_access_key_id=D\n");
  EXPECT_EQ(default_chain({.profile = ""})->get().error().code(), Code::config_invalid);
  write("credentials", "[default]\naws_secret_access_key SECRETVALUE\n");
  auto broken = default_chain({.profile = ""})->get();
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().message().find("line 2"), std::string::npos);
  EXPECT_EQ(broken.error().message().find("SECRETVALUE"), std::string::npos);
}

TEST_F(S3Credentials, NothingIsReadBeforeTheFirstRequest) {
  Options options = example_options();
  options.access_key_id = options.secret_access_key = "";
  Rig rig(options);
  write("credentials", "[default]\naws_access_key_id=LATE\naws_secret_access_key=x\n");
  rig.then({.status = 200, .headers = {{"etag", "\"e\""}}});
  ASSERT_TRUE(rig.driver->stat(rig.context, {.key = "k"}));
  EXPECT_NE(rig.sent().header("authorization").find("Credential=LATE/"), std::string::npos);
}

TEST_F(S3Credentials, RefusedOnesAreLookedUpAgain) {
  write("credentials", "[default]\naws_access_key_id=OLD\naws_secret_access_key=x\n");
  Options options = example_options();
  options.access_key_id = options.secret_access_key = "";
  Rig rig(options);
  rig.transport->then([&](const SentRequest&) {
    write("credentials", "[default]\naws_access_key_id=NEW\naws_secret_access_key=y\n");
    return error_answer(400, "ExpiredToken");
  });
  rig.then(object_answer("x"));
  ASSERT_TRUE(rig.driver->read(rig.context, {.key = "k"}));
  EXPECT_NE(rig.sent(1).header("authorization").find("Credential=NEW/"), std::string::npos);
  rig.then(error_answer(400, "ExpiredToken"));  // the same ones again: no use in trying
  EXPECT_EQ(rig.driver->read(rig.context, {.key = "k"}).error().code(), Code::unauthenticated);
  EXPECT_EQ(rig.requests(), 3U);
}

// Gives credentials that end: the n-th ones after `lifetimes[n]`, the last for ever after.
struct Ending final : CredentialSource {
  Ending(std::shared_ptr<std::atomic<int>> counter, std::vector<std::chrono::milliseconds> all)
      : loads(std::move(counter)), lifetimes(std::move(all)) {}
  std::string name() const override { return "a test"; }
  Result<std::optional<Credentials>> load(const Context&) override {
    auto index = static_cast<std::size_t>((*loads)++);
    auto end = std::chrono::system_clock::now() + lifetimes[std::min(index, lifetimes.size() - 1)];
    return std::optional(Credentials{"KEY" + std::to_string(index + 1), "s", "t", end, {}});
  }
  std::shared_ptr<std::atomic<int>> loads;
  std::vector<std::chrono::milliseconds> lifetimes;
};

std::shared_ptr<CredentialChain> ending_chain(const std::shared_ptr<std::atomic<int>>& loads,
                                              std::vector<std::chrono::milliseconds> lifetimes) {
  std::vector<std::unique_ptr<CredentialSource>> sources;
  sources.push_back(std::make_unique<Ending>(loads, std::move(lifetimes)));
  return std::make_shared<CredentialChain>(std::move(sources));
}

TEST_F(S3Credentials, ThoseThatEndSoonAreNotUsed) {
  auto loads = std::make_shared<std::atomic<int>>(0);
  auto chain = ending_chain(loads, {std::chrono::seconds(1), std::chrono::hours(1)});
  EXPECT_EQ(chain->get().value()->access_key_id, "KEY1");
  EXPECT_TRUE(chain->get().value()->access_key_id > "KEY1");
}

TEST_F(S3Credentials, ThoseThatEndAreRenewedBeforehandWithoutARequest) {
  auto loads = std::make_shared<std::atomic<int>>(0);
  auto chain = ending_chain(loads, {std::chrono::minutes(5) + std::chrono::milliseconds(50), std::chrono::hours(1)});
  EXPECT_EQ(chain->get().value()->access_key_id, "KEY1");
  for (int i = 0; i < 500 && *loads < 2; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(*loads, 2);
  EXPECT_EQ(chain->get().value()->access_key_id, "KEY2");
}

TEST_F(S3Credentials, NobodyRenewsForAChainThatIsGone) {
  auto loads = std::make_shared<std::atomic<int>>(0);
  ASSERT_TRUE(ending_chain(loads, {std::chrono::minutes(5) + std::chrono::milliseconds(20)})->get());
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(*loads, 1);
}

TEST_F(S3Credentials, TheRegionComesFromEnvironmentOrProfile) {
  Options options = example_options();
  options.endpoint = options.region = "";
  options.addressing = Addressing::automatic;
  write("config", "[default]\nregion = eu-west-3\n");
  EXPECT_EQ(Rig(options).driver->public_url("k").value(), "https://bucket.s3.eu-west-3.amazonaws.com/k");
  set("AWS_DEFAULT_REGION", "eu-south-1");
  EXPECT_EQ(Rig(options).driver->public_url("k").value(), "https://bucket.s3.eu-south-1.amazonaws.com/k");
  set("AWS_REGION", "us-west-2");
  EXPECT_EQ(Rig(options).driver->public_url("k").value(), "https://bucket.s3.us-west-2.amazonaws.com/k");
  set("AWS_ENDPOINT_URL", "http://localhost:9000");
  EXPECT_EQ(Rig(options).driver->public_url("k").value(), "http://localhost:9000/bucket/k");
}

// "X-Amz-Expires=" of a URL.
int expiry_in(const std::string& url) {
  std::size_t at = url.find("X-Amz-Expires=");
  return at == std::string::npos ? -1 : std::stoi(url.substr(at + 14));
}

TEST_F(S3Credentials, NoUrlOutlivesWhatSignedIt) {
  set("AWS_ACCESS_KEY_ID", "ENV");
  set("AWS_SECRET_ACCESS_KEY", "s2");
  set("AWS_CREDENTIAL_EXPIRATION", in(std::chrono::minutes(30)));
  Options options = example_options();
  options.access_key_id = options.secret_access_key = "";
  PresignRequest hour{.key = "k"}, minute{.key = "k", .expires = std::chrono::seconds(60)};
  Rig strict(options);
  auto refused = strict.driver->presign(strict.context, hour);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::invalid_argument);
  for (std::string word : {"3600", "clamp_expiry"}) {
    EXPECT_NE(refused.error().message().find(word), std::string::npos) << refused.error().message();
  }
  EXPECT_EQ(expiry_in(strict.driver->presign(strict.context, minute).value().url), 60);

  options.clamp_expiry = true;
  Rig clamping(options);
  auto cut = clamping.driver->presign(clamping.context, hour).value();
  int clamped = expiry_in(cut.url);
  EXPECT_EQ(cut.expires.count(), clamped);
  EXPECT_EQ(clamping.driver->presign(clamping.context, hour).value().expires.count(), clamped);  // from the memo
  EXPECT_LE(clamped, 1800);
  EXPECT_GT(clamped, 1700);
  hour.method = SignedMethod::post;
  EXPECT_LE(clamping.driver->presign(clamping.context, hour).value().expires.count(), 1800);
  EXPECT_FALSE(strict.driver->presign(strict.context, hour));
  hour.method = SignedMethod::get;
  options.signature = "v2";
  Rig old(options);
  auto by_v2 = old.driver->presign(old.context, hour).value();
  EXPECT_LE(by_v2.expires.count(), 1800);
  std::string url = by_v2.url;
  auto end = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() + std::chrono::minutes(30));
  EXPECT_LE(std::stoll(url.substr(url.find("Expires=") + 8)), end);
  // A validity that begins after the end is none.
  hour.signed_at =
      std::chrono::time_point_cast<SystemTime::duration>(std::chrono::system_clock::now() + std::chrono::hours(1));
  EXPECT_EQ(clamping.driver->presign(clamping.context, hour).error().code(), Code::unauthenticated);
}

TEST_F(S3Credentials, TheInstancesRegionIsTakenWhenNobodyNamedOne) {
  Options options = example_options();
  options.endpoint = options.region = "";
  options.addressing = Addressing::automatic;
  Config config = make_config(options).value();
  config.credentials = std::make_shared<CredentialChain>(Credentials{"A", "s", "t", {}, "ap-south-1"});
  auto transport = std::make_shared<FakeTransport>();
  auto driver = make_driver(std::move(config), transport);
  transport->then({.status = 200, .headers = {{"etag", "\"e\""}}});
  ASSERT_TRUE(driver->stat({}, {.key = "k"}));
  EXPECT_EQ(transport->sent().at(0).url, "https://bucket.s3.ap-south-1.amazonaws.com/k");
}

TEST_F(S3Credentials, MakingADriverAsksNobody) {
  Double service([](const auto&) { return answer(200, ""); });
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", service.url("/"));
  set("AWS_EC2_METADATA_SERVICE_ENDPOINT", service.url());
  ::unsetenv("AWS_EC2_METADATA_DISABLED");
  write("config", "[default]\ncredential_process = touch " + (directory_ / "ran").string() + "\n");
  Options options = example_options();
  options.access_key_id = options.secret_access_key = "";
  auto driver = open(options).value();
  EXPECT_TRUE(driver->public_url("k"));
  EXPECT_TRUE(service.asked().empty());
  EXPECT_FALSE(std::filesystem::exists(directory_ / "ran"));
}

}  // namespace
}  // namespace orlop::s3
