#include "backends/s3/credentials/sts.h"

#include "tests/support/credential_sources.h"

namespace orlop::s3 {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

std::string sts_xml(const std::string& action, const std::string& id, seconds life = hours(1)) {
  return fmt::format(
      "<{0}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{0}Result><Credentials><AccessKeyId>{1}"
      "</AccessKeyId><SecretAccessKey>topsecret</SecretAccessKey><SessionToken>tokentext</SessionToken><Expiration>{2}"
      "</Expiration></Credentials></{0}Result></{0}Response>",
      action, id, in(life));
}

class S3Roles : public S3Sources {
 protected:
  void SetUp() override {
    S3Sources::SetUp();
    write("credentials", "[base]\naws_access_key_id = BASE\naws_secret_access_key = basesecret\n");
  }
  // One that gives the role's last segment as the key's id.
  static std::string give(const Double::Asked& asked) {
    std::string action = asked.body.substr(7, asked.body.find('&') - 7);
    std::size_t at = asked.body.find("role%2F") + 7;
    return answer(200, sts_xml(action, asked.body.substr(at, asked.body.find('&', at) - at)), "text/xml");
  }
};

TEST_F(S3Roles, ARoleIsTakenWithTheKeysOfItsSource) {
  Double sts(give);
  set("AWS_ENDPOINT_URL_STS", sts.url());
  write("config",
        "[default]\nrole_arn = arn:aws:iam::1:role/WORKER\nsource_profile = base\nexternal_id = x/1\n"
        "role_session_name = me\nduration_seconds = 900\nregion = eu-west-1\n");
  auto found = look_up().value();
  EXPECT_EQ(found->access_key_id, "WORKER");
  EXPECT_EQ(found->session_token, "tokentext");
  auto asked = sts.asked().at(0);
  EXPECT_EQ(asked.line(), "POST / HTTP/1.1");
  EXPECT_EQ(asked.body,
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2FWORKER&RoleSessionName=me&"
            "ExternalId=x%2F1&DurationSeconds=900");
  EXPECT_TRUE(asked.has("authorization: AWS4-HMAC-SHA256 Credential=BASE/"));
  EXPECT_TRUE(asked.has("/eu-west-1/sts/aws4_request"));
}

TEST_F(S3Roles, RolesMakeChains) {
  Double sts(give);
  set("AWS_ENDPOINT_URL_STS", sts.url());
  write("config",
        "[profile a]\nrole_arn = arn:aws:iam::1:role/A\nsource_profile = b\n"
        "[profile b]\nrole_arn = arn:aws:iam::1:role/B\nsource_profile = base\n");
  EXPECT_EQ(look_up("a").value()->access_key_id, "A");
  EXPECT_TRUE(sts.asked().at(0).has("Credential=BASE/"));
  EXPECT_TRUE(sts.asked().at(1).has("Credential=B/"));
  EXPECT_TRUE(sts.asked()[1].has("x-amz-security-token: tokentext\r\n"));
}

TEST_F(S3Roles, AProfileMayBeItsOwnSource) {
  Double sts(give);
  set("AWS_ENDPOINT_URL_STS", sts.url());
  write("credentials", "[self]\naws_access_key_id = SELF\naws_secret_access_key = s\n");
  write("config", "[profile self]\nrole_arn = arn:aws:iam::1:role/R\nsource_profile = self\n");
  EXPECT_EQ(look_up("self").value()->access_key_id, "R");
}

TEST_F(S3Roles, ARoleComesAfterTheEnvironmentAndBeforeWebIdentity) {
  Double sts(give);
  set("AWS_ENDPOINT_URL_STS", sts.url());
  set("AWS_WEB_IDENTITY_TOKEN_FILE", write("jwt", "jwtjwt"));
  set("AWS_ROLE_ARN", "arn:aws:iam::1:role/WEB");
  EXPECT_EQ(look_up().value()->access_key_id, "WEB");
  write("config", "[default]\nrole_arn = arn:aws:iam::1:role/ROLE\nsource_profile = base\n");
  EXPECT_EQ(look_up().value()->access_key_id, "ROLE");
  set_keys();
  EXPECT_EQ(look_up().value()->access_key_id, "ENV");
}

TEST_F(S3Roles, TheSourceMayBeAPlace) {
  Double sts(give);
  Double container([](const auto&) { return answer(200, keys_json("CONTAINER")); });
  set("AWS_ENDPOINT_URL_STS", sts.url());
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.url("/"));
  write("config",
        "[profile e]\nrole_arn = arn:aws:iam::1:role/E\ncredential_source = Environment\n"
        "[profile c]\nrole_arn = arn:aws:iam::1:role/C\ncredential_source = ecscontainer\n"
        "[profile i]\nrole_arn = arn:aws:iam::1:role/I\ncredential_source = Ec2InstanceMetadata\n"
        "[profile w]\nrole_arn = arn:aws:iam::1:role/W\ncredential_source = Elsewhere\n");
  EXPECT_EQ(look_up("c").value()->access_key_id, "C");
  EXPECT_TRUE(sts.asked().at(0).has("Credential=CONTAINER/"));
  EXPECT_EQ(look_up("e").error().code(), Code::unauthenticated);
  set_keys();
  EXPECT_EQ(look_up("e").value()->access_key_id, "E");
  EXPECT_TRUE(sts.asked().at(1).has("Credential=ENV/"));
  EXPECT_EQ(look_up("i").error().code(), Code::unauthenticated);
  EXPECT_EQ(look_up("w").error().code(), Code::config_invalid);
}

TEST_F(S3Roles, WrongProfilesAreNamedBeforeAnybodyIsAsked) {
  Double sts(give);
  set("AWS_ENDPOINT_URL_STS", sts.url());
  write("config",
        "[profile both]\nrole_arn = r\nsource_profile = base\ncredential_source = Environment\n"
        "[profile none]\nrole_arn = r\n"
        "[profile lost]\nrole_arn = r\nsource_profile = nobody\n"
        "[profile mfa]\nrole_arn = r\nsource_profile = base\nmfa_serial = arn:aws:iam::1:mfa/me\n"
        "[profile short]\nrole_arn = r\nsource_profile = base\nduration_seconds = 5\n"
        "[profile ring1]\nrole_arn = r\nsource_profile = ring2\n"
        "[profile ring2]\nrole_arn = r\nsource_profile = ring1\n"
        "[profile empty]\nregion = x\n"
        "[profile of-empty]\nrole_arn = r\nsource_profile = empty\n"
        "[profile self]\nrole_arn = r\nsource_profile = self\n"
        "[profile login]\nlogin_session = arn\n");
  const std::pair<const char*, const char*> wrong[] = {
      {"both", "exclude"},       {"none", "source_profile"},    {"lost", "nobody"},
      {"mfa", "mfa_serial"},     {"short", "duration_seconds"}, {"ring1", "leads back"},
      {"of-empty", "\"empty\""}, {"self", "leads back"},        {"login", "export-credentials"}};
  for (const auto& [profile, word] : wrong) {
    auto got = look_up(profile);
    ASSERT_FALSE(got) << profile;
    EXPECT_EQ(got.error().code(), Code::config_invalid) << profile;
    EXPECT_NE(got.error().message().find(word), std::string::npos) << got.error().to_string();
  }
  EXPECT_TRUE(sts.asked().empty());
}

TEST_F(S3Roles, FaultsOfTheTokenService) {
  write("config", "[default]\nrole_arn = arn:aws:iam::1:role/R\nsource_profile = base\n");
  for (const ServiceFault& fault : faults_of(sts_xml("AssumeRole", "R"))) expect_at("AWS_ENDPOINT_URL_STS", fault);
  expect_at("AWS_ENDPOINT_URL_STS", {"another action's answer",
                                     [] { return answer(200, sts_xml("GetSessionToken", "R"), "text/xml"); },
                                     {Code::data_corrupted}});
  expect_at("AWS_ENDPOINT_URL_STS", {"expired on arrival",
                                     [] { return answer(200, sts_xml("AssumeRole", "R", seconds(-1)), "text/xml"); },
                                     {Code::unauthenticated}});
  Double refusing([](const auto&) {
    return answer(
        403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>basesecret</Message></Error></ErrorResponse>",
        "text/xml");
  });
  set("AWS_ENDPOINT_URL_STS", refusing.url());
  auto got = look_up();
  expect_fault({"refusal", {}, {Code::unauthenticated}}, got);
  EXPECT_NE(got.error().message().find("AccessDenied"), std::string::npos);
  EXPECT_NE(got.error().message().find("arn:aws:iam::1:role/R"), std::string::npos);
}

// ---- Web identity ----

TEST_F(S3Roles, WebIdentityTradesTheTokenOfTheFile) {
  Double sts(give);
  set("AWS_ENDPOINT_URL_STS", sts.url());
  set("AWS_WEB_IDENTITY_TOKEN_FILE", write("jwt", "jwtjwt.1\n"));
  EXPECT_EQ(look_up().error().code(), Code::config_invalid);  // no role
  set("AWS_ROLE_ARN", "arn:aws:iam::1:role/POD");
  set("AWS_ROLE_SESSION_NAME", "pod");
  EXPECT_EQ(look_up().value()->access_key_id, "POD");
  EXPECT_EQ(sts.asked().at(0).body,
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2FPOD&"
            "RoleSessionName=pod&WebIdentityToken=jwtjwt.1");
  EXPECT_FALSE(sts.asked()[0].has("authorization:"));
  write("jwt", "jwtjwt.2");
  ASSERT_TRUE(look_up());
  EXPECT_TRUE(sts.asked().at(1).has("WebIdentityToken=jwtjwt.2"));
  set("AWS_WEB_IDENTITY_TOKEN_FILE", (directory_ / "gone").string());
  EXPECT_EQ(look_up().error().code(), Code::config_invalid);
}

TEST_F(S3Roles, WebIdentityMayStandInAProfile) {
  Double sts(give);
  set("AWS_ENDPOINT_URL_STS", sts.url());
  set("AWS_ROLE_ARN", "arn:aws:iam::1:role/NOT-THIS");
  write("config",
        "[profile web]\nrole_arn = arn:aws:iam::1:role/WEB\nweb_identity_token_file = " + write("jwt", "jwtjwt") +
            "\n[profile over]\nrole_arn = arn:aws:iam::1:role/OVER\nsource_profile = web\n");
  EXPECT_EQ(look_up("web").value()->access_key_id, "WEB");
  EXPECT_EQ(look_up("over").value()->access_key_id, "OVER");
}

TEST_F(S3Roles, FaultsOfWebIdentity) {
  set("AWS_WEB_IDENTITY_TOKEN_FILE", write("jwt", "jwtjwt"));
  set("AWS_ROLE_ARN", "arn:aws:iam::1:role/POD");
  for (const ServiceFault& fault : faults_of(sts_xml("AssumeRoleWithWebIdentity", "R")))
    expect_at("AWS_ENDPOINT_URL_STS", fault);
  Double echo([](const Double::Asked& asked) {
    return answer(400, "<ErrorResponse><Error><Code>" + asked.body + "</Code></Error></ErrorResponse>", "text/xml");
  });
  set("AWS_ENDPOINT_URL_STS", echo.url());
  expect_fault({"an echo", {}, {Code::unauthenticated}}, look_up());
}

}  // namespace
}  // namespace orlop::s3
