#include "backends/s3/credentials/sources.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "backends/s3/credentials/process.h"
#include "tests/support/credentials.h"
#include "wire/hash.h"

namespace orlop::s3 {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

std::string keys_json(const std::string& id, seconds life = hours(1)) {
  return fmt::format(
      R"({{"AccessKeyId":"{}","SecretAccessKey":"topsecret","Token":"tokentext","Expiration":"{}","Code":"Success"}})",
      id, in(life));
}

std::string sts_xml(const std::string& action, const std::string& id, seconds life = hours(1)) {
  return fmt::format(
      "<{0}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{0}Result><Credentials><AccessKeyId>{1}"
      "</AccessKeyId><SecretAccessKey>topsecret</SecretAccessKey><SessionToken>tokentext</SessionToken><Expiration>{2}"
      "</Expiration></Credentials></{0}Result></{0}Response>",
      action, id, in(life));
}

Result<std::shared_ptr<const Credentials>> look_up(const std::string& profile = "") {
  return std::make_shared<CredentialChain>(default_sources({.profile = profile}))->get();
}

// Of any service: faults, and what comes of them. None may hang, nor print what it should not.
struct Fault {
  const char* name;
  std::function<std::string()> give;
  std::vector<Code> codes;
};

std::vector<Fault> faults_of(const std::string& good) {
  return {
      {"server error", [] { return answer(500, "tokentext"); }, {Code::unavailable}},
      {"refusal", [] { return answer(403, "{\"message\":\"tokentext\"}"); }, {Code::unauthenticated}},
      {"login page", [] { return answer(200, "<html>tokentext</html>", "text/html"); }, {Code::data_corrupted}},
      {"nothing", [] { return answer(200, ""); }, {Code::data_corrupted}},
      {"half an answer", [good] { return answer(200, good.substr(0, good.size() / 2)); }, {Code::data_corrupted}},
      {"a cut connection",
       [] { return std::string("CUT HTTP/1.1 200 X\r\nContent-Length: 900\r\n\r\n{"); },
       {Code::data_corrupted, Code::timeout, Code::unavailable}},
      {"a huge body", [] { return answer(200, std::string(300'000, 'x')); }, {Code::data_corrupted}},
      {"no HTTP", [] { return std::string("CUT +OK pop3 ready\r\n\r\n"); }, {Code::data_corrupted, Code::unavailable}},
  };
}

void expect_fault(const Fault& fault, const Result<std::shared_ptr<const Credentials>>& got) {
  SCOPED_TRACE(fault.name);
  ASSERT_FALSE(got);
  EXPECT_NE(std::ranges::find(fault.codes, got.error().code()), fault.codes.end()) << got.error().to_string();
  std::string text = got.error().to_string();
  for (std::string secret : {"topsecret", "tokentext", "jwtjwt"}) {
    EXPECT_EQ(text.find(secret), std::string::npos) << text;
  }
  EXPECT_EQ(text.find('\n'), std::string::npos);
}

class S3Sources : public CleanEnvironment {};

// ---- Containers ----

TEST_F(S3Sources, AContainerIsAskedWithItsToken) {
  Double service([](const auto&) { return answer(200, keys_json("CONTAINER")); });
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", service.url("/v1/credentials?id=1"));
  set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "plain");
  auto found = look_up().value();
  EXPECT_EQ(found->access_key_id, "CONTAINER");
  EXPECT_EQ(found->session_token, "tokentext");
  EXPECT_TRUE(found->expires);
  EXPECT_EQ(service.asked().at(0).line(), "GET /v1/credentials?id=1 HTTP/1.1");
  EXPECT_TRUE(service.asked()[0].has("authorization: plain\r\n"));
  // The file wins, and is read each time: Kubernetes changes it.
  set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", write("token", "first\n"));
  ASSERT_TRUE(look_up());
  write("token", "second\n");
  ASSERT_TRUE(look_up());
  EXPECT_TRUE(service.asked().at(1).has("authorization: first\r\n"));
  EXPECT_TRUE(service.asked().at(2).has("authorization: second\r\n"));
}

TEST_F(S3Sources, ARelativeAddressBelongsToTheTaskEndpoint) {
  Double service([](const auto&) { return answer(200, keys_json("TASK")); });
  set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/abc");
  EXPECT_EQ(container_source(service.url())->load({}).value()->access_key_id, "TASK");
  EXPECT_EQ(service.asked().at(0).line(), "GET /v2/credentials/abc HTTP/1.1");
  set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@evil.example/x");
  EXPECT_EQ(container_source(service.url())->load({}).error().code(), Code::config_invalid);
}

TEST_F(S3Sources, OnlyKnownHostsAreToldTheToken) {
  for (std::string url : {"http://example.com/", "http://169.254.170.2.example.com/", "http://127.0.0.1@example.com/x",
                          "http://user@127.0.0.1/", "http://10.0.0.1/", "ftp://127.0.0.1/", "http:///x",
                          "http://[::2]/", "http://169.254.169.254/", "localhost", "https://user:pw@localhost/"}) {
    set("AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
    auto got = container_source()->load({});
    ASSERT_FALSE(got) << url;
    EXPECT_EQ(got.error().code(), Code::config_invalid) << url;
  }
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.9.9.9:1/");  // allowed, and nobody is there
  EXPECT_EQ(container_source()->load({}).error().code(), Code::unavailable);
}

TEST_F(S3Sources, FaultsOfAContainerEndpoint) {
  for (const Fault& fault : faults_of(keys_json("C"))) {
    Double service([&](const auto&) { return fault.give(); });
    set("AWS_CONTAINER_CREDENTIALS_FULL_URI", service.url("/"));
    expect_fault(fault, look_up());
  }
  Double late([](const auto&) { return answer(200, keys_json("C", seconds(-60))); });
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", late.url("/"));
  expect_fault({"expired on arrival", {}, {Code::unauthenticated}}, look_up());
  Double hanging([](const auto&) { return std::string(); });
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", hanging.url("/"));
  auto chain = std::make_shared<CredentialChain>(default_sources({}));
  auto before = std::chrono::steady_clock::now();
  expect_fault({"hanging", {}, {Code::timeout}}, chain->get(Context{}.with_timeout(seconds(1))));
  EXPECT_LT(std::chrono::steady_clock::now() - before, seconds(2));
}

TEST_F(S3Sources, APassingFaultOfAContainerIsWaitedOut) {
  std::atomic<int> count = 0;
  Double service([&](const auto&) { return ++count < 3 ? answer(503, "") : answer(200, keys_json("THIRD")); });
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", service.url("/"));
  EXPECT_EQ(look_up().value()->access_key_id, "THIRD");
}

TEST_F(S3Sources, MembersAreNamedNotQuoted) {
  std::string body =
      R"({"AccessKeyId":"A","SecretAccessKey":"top\r\nsecret","Token":"t","Expiration":"2099-01-01T00:00:00Z"})";
  Double service([&](const auto&) { return answer(200, body); });
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", service.url("/"));
  expect_fault({"line break", {}, {Code::data_corrupted}}, look_up());
  body = R"({"AccessKeyId":7,"SecretAccessKey":"topsecret","Token":"t","Expiration":"2099-01-01T00:00:00Z"})";
  expect_fault({"wrong type", {}, {Code::data_corrupted}}, look_up());
  body = R"({"AccessKeyId":"A","SecretAccessKey":"topsecret","Token":"t","Expiration":"tomorrow"})";
  expect_fault({"no time", {}, {Code::data_corrupted}}, look_up());
}

// ---- Instances ----

// Speaks version 2 of the metadata service: nothing without a token.
Double::Answer instance(const std::string& keys) {
  return [keys](const Double::Asked& asked) {
    if (asked.line() == "PUT /latest/api/token HTTP/1.1") {
      return asked.has("x-aws-ec2-metadata-token-ttl-seconds: 21600\r\n") ? answer(200, "session==") : answer(400, "");
    }
    if (!asked.has("x-aws-ec2-metadata-token: session==\r\n")) return answer(401, "");
    if (asked.line() == "GET /latest/meta-data/iam/security-credentials/ HTTP/1.1") return answer(200, "the-role\n");
    if (asked.line() == "GET /latest/meta-data/iam/security-credentials/the-role HTTP/1.1") return answer(200, keys);
    if (asked.line() == "GET /latest/meta-data/placement/region HTTP/1.1") return answer(200, "eu-west-3");
    return answer(404, "");
  };
}

class S3Instance : public S3Sources {
 protected:
  void ask(const Double& service) {
    ::unsetenv("AWS_EC2_METADATA_DISABLED");
    set("AWS_EC2_METADATA_SERVICE_ENDPOINT", service.url());
  }
};

TEST_F(S3Instance, AnInstanceIsAskedForATokenFirst) {
  Double service(instance(keys_json("INSTANCE")));
  ask(service);
  auto found = look_up().value();
  EXPECT_EQ(found->access_key_id, "INSTANCE");
  EXPECT_EQ(found->region, "eu-west-3");
  EXPECT_EQ(service.asked().size(), 4U);
  set("AWS_EC2_METADATA_DISABLED", "TRUE");
  EXPECT_EQ(look_up().error().code(), Code::unauthenticated);
  EXPECT_EQ(service.asked().size(), 4U);
}

TEST_F(S3Instance, TheEndpointMayStandInTheProfile) {
  Double service(instance(keys_json("INSTANCE")));
  ::unsetenv("AWS_EC2_METADATA_DISABLED");
  write("config", "[default]\nec2_metadata_service_endpoint = " + service.url() + "\n");
  EXPECT_EQ(look_up().value()->access_key_id, "INSTANCE");
}

TEST_F(S3Instance, WithoutAServiceOrARoleTheSearchEnds) {
  Double no_service([](const auto&) { return answer(404, ""); });
  ask(no_service);
  EXPECT_EQ(look_up().error().code(), Code::unauthenticated);
  Double no_role([](const Double::Asked& asked) {
    return asked.line().starts_with("PUT") ? answer(200, "session==") : answer(404, "");
  });
  ask(no_role);
  EXPECT_EQ(look_up().error().code(), Code::unauthenticated);
  set("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1");
  auto got = look_up();
  EXPECT_EQ(got.error().code(), Code::unauthenticated);
  EXPECT_NE(got.error().message().find("instance metadata"), std::string::npos);
}

TEST_F(S3Instance, AnEndpointThatNeverAnswersIsGivenUpAfterASecond) {
  Double hanging([](const auto&) { return std::string(); });
  ask(hanging);
  auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(look_up().error().code(), Code::unauthenticated);
  EXPECT_LT(std::chrono::steady_clock::now() - before, seconds(3));
}

TEST_F(S3Instance, Faults) {
  for (const Fault& fault : faults_of(keys_json("I"))) {
    auto well = instance("");
    Double service([&](const Double::Asked& asked) {
      return asked.line().find("the-role") == std::string::npos ? well(asked) : fault.give();
    });
    ask(service);
    expect_fault(fault, look_up());
  }
  Double portal([](const auto&) { return answer(200, "<html>tokentext</html>", "text/html"); });
  ask(portal);
  expect_fault({"a login page for a token", {}, {Code::data_corrupted}}, look_up());
  Double failed(instance(R"({"Code":"AssumeRoleUnauthorizedAccess","Message":"tokentext"})"));
  ask(failed);
  expect_fault({"a failure with status 200", {}, {Code::unauthenticated}}, look_up());
}

// "Static stability": while the service cannot renew them, expired ones are given out and meant to be used.
TEST_F(S3Instance, ExpiredOnesAreUsedForAWhile) {
  Double service(instance(keys_json("OLD", seconds(-60))));
  ask(service);
  auto found = look_up().value();
  EXPECT_EQ(found->access_key_id, "OLD");
  EXPECT_GT(*found->expires, std::chrono::system_clock::now() + minutes(5));
}

// ---- Roles ----

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
  set("AWS_ACCESS_KEY_ID", "ENV");
  set("AWS_SECRET_ACCESS_KEY", "s");
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
  set("AWS_ACCESS_KEY_ID", "ENV");
  set("AWS_SECRET_ACCESS_KEY", "s");
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
  for (const Fault& fault : faults_of(sts_xml("AssumeRole", "R"))) {
    Double sts([&](const auto&) { return fault.give(); });
    set("AWS_ENDPOINT_URL_STS", sts.url());
    expect_fault(fault, look_up());
  }
  Double other([](const auto&) { return answer(200, sts_xml("GetSessionToken", "R"), "text/xml"); });
  set("AWS_ENDPOINT_URL_STS", other.url());
  expect_fault({"another action's answer", {}, {Code::data_corrupted}}, look_up());
  Double late([](const auto&) { return answer(200, sts_xml("AssumeRole", "R", seconds(-1)), "text/xml"); });
  set("AWS_ENDPOINT_URL_STS", late.url());
  expect_fault({"expired on arrival", {}, {Code::unauthenticated}}, look_up());
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
  for (const Fault& fault : faults_of(sts_xml("AssumeRoleWithWebIdentity", "R"))) {
    Double sts([&](const auto&) { return fault.give(); });
    set("AWS_ENDPOINT_URL_STS", sts.url());
    expect_fault(fault, look_up());
  }
  Double echo([](const Double::Asked& asked) {
    return answer(400, "<ErrorResponse><Error><Code>" + asked.body + "</Code></Error></ErrorResponse>", "text/xml");
  });
  set("AWS_ENDPOINT_URL_STS", echo.url());
  expect_fault({"an echo", {}, {Code::unauthenticated}}, look_up());
}

// ---- SSO ----

class S3Sso : public S3Sources {
 protected:
  void log_in(const std::string& subject, seconds life, const std::string& token = "ssotoken") {
    std::string name = wire::hash(wire::HashAlgorithm::sha1, as_bytes(std::string_view(subject))).hex();
    write(".aws/sso/cache/" + name + ".json",
          fmt::format(R"({{"accessToken":"{}","expiresAt":"{}","startUrl":"https://s.example"}})", token, in(life)));
  }
  static std::string role(const std::string& id) {
    auto end = std::chrono::duration_cast<std::chrono::milliseconds>(
        (std::chrono::system_clock::now() + hours(1)).time_since_epoch());
    return fmt::format(
        R"({{"roleCredentials":{{"accessKeyId":"{}","secretAccessKey":"topsecret","sessionToken":"tokentext","expiration":{}}}}})",
        id, end.count());
  }
};

TEST_F(S3Sso, ASessionsTokenIsTraded) {
  Double portal([](const auto&) { return answer(200, role("SSO")); });
  set("AWS_ENDPOINT_URL_SSO", portal.url());
  write("config",
        "[default]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Read Only\n"
        "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.awsapps.com/start\n");
  auto without = look_up();
  EXPECT_EQ(without.error().code(), Code::unauthenticated);
  EXPECT_NE(without.error().message().find("aws sso login --profile default"), std::string::npos);
  log_in("corp", hours(1));
  auto found = look_up().value();
  EXPECT_EQ(found->access_key_id, "SSO");
  EXPECT_GT(*found->expires, std::chrono::system_clock::now() + minutes(59));
  EXPECT_EQ(portal.asked().at(0).line(),
            "GET /federation/credentials?role_name=Read%20Only&account_id=123456789012 HTTP/1.1");
  EXPECT_TRUE(portal.asked()[0].has("x-amz-sso_bearer_token: ssotoken\r\n"));
  log_in("corp", seconds(-1));
  auto expired = look_up();
  EXPECT_EQ(expired.error().code(), Code::unauthenticated);
  EXPECT_NE(expired.error().message().find("expired; run: aws sso login --profile default"), std::string::npos);
  EXPECT_EQ(portal.asked().size(), 1U);
}

TEST_F(S3Sso, OldProfilesNameTheirTokenByAddress) {
  Double portal([](const auto&) { return answer(200, role("LEGACY")); });
  set("AWS_ENDPOINT_URL_SSO", portal.url());
  write("config",
        "[profile old]\nsso_region = eu-west-1\nsso_start_url = https://old.example/start\nsso_account_id = 1\n"
        "sso_role_name = R\n");
  log_in("https://old.example/start", hours(1));
  EXPECT_EQ(look_up("old").value()->access_key_id, "LEGACY");
  // As the first version of the command wrote times.
  std::string name =
      wire::hash(wire::HashAlgorithm::sha1, as_bytes(std::string_view("https://old.example/start"))).hex();
  write(".aws/sso/cache/" + name + ".json", R"({"accessToken":"t","expiresAt":"2099-06-17T10:02:08UTC"})");
  EXPECT_EQ(look_up("old").value()->access_key_id, "LEGACY");
}

TEST_F(S3Sso, WrongProfilesAndTokensAreNamed) {
  write("config",
        "[profile half]\nsso_account_id = 1\nsso_role_name = R\nsso_region = eu-west-1\n"
        "[profile lost]\nsso_session = nobody\nsso_account_id = 1\nsso_role_name = R\n"
        "[profile torn]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = R\nsso_region = eu-west-2\n"
        "[profile odd]\nsso_account_id = 1\nsso_role_name = R\nsso_region = a.b/c\nsso_start_url = u\n"
        "[profile good]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = R\n"
        "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.example\n");
  for (const char* profile : {"half", "lost", "torn", "odd"}) {
    EXPECT_EQ(look_up(profile).error().code(), Code::config_invalid) << profile;
  }
  log_in("corp", hours(1), "tok\\r\\nx-evil: 1");
  auto got = look_up("good");
  EXPECT_EQ(got.error().code(), Code::unauthenticated);
  EXPECT_NE(got.error().message().find("aws sso login --profile good"), std::string::npos);
}

TEST_F(S3Sso, Faults) {
  write("config", "[default]\nsso_region = eu-west-1\nsso_start_url = u\nsso_account_id = 1\nsso_role_name = R\n");
  log_in("u", hours(1), "tokentext");
  for (const Fault& fault : faults_of(role("S"))) {
    Double portal([&](const auto&) { return fault.give(); });
    set("AWS_ENDPOINT_URL_SSO", portal.url());
    expect_fault(fault, look_up());
  }
  Double refusing([](const auto&) { return answer(401, R"({"message":"Session token not found or invalid"})"); });
  set("AWS_ENDPOINT_URL_SSO", refusing.url());
  auto got = look_up();
  EXPECT_NE(got.error().message().find("refused; run: aws sso login"), std::string::npos) << got.error().to_string();
}

// ---- Commands ----

class S3Process : public S3Sources {
 protected:
  void command(const std::string& text) { write("config", "[default]\ncredential_process = " + text + "\n"); }
  std::string script(const std::string& text) {
    std::string path = write("tool.sh", "#!/bin/sh\n" + text + "\n");
    ::chmod(path.c_str(), 0700);
    return path;
  }
};

TEST_F(S3Process, ACommandPrintsCredentials) {
  std::string path = script(R"(printf '{"Version": 1, "AccessKeyId": "%s", "SecretAccessKey": "s"}' "$2")");
  command("\"" + path + "\" --name 'MY KEY'");
  EXPECT_EQ(look_up().error().code(), Code::data_corrupted);  // a blank in a key
  command("\"" + path + "\" --name MY\\-KEY");
  auto found = look_up().value();
  EXPECT_EQ(found->access_key_id, "MY-KEY");
  EXPECT_FALSE(found->expires);
  // Keys of the credentials file come first, those of the config file after it.
  write("config",
        "[default]\naws_access_key_id = CONFIG\naws_secret_access_key = s\ncredential_process = " + path + " x P\n");
  EXPECT_EQ(look_up().value()->access_key_id, "P");
  write("credentials", "[default]\naws_access_key_id = FILE\naws_secret_access_key = s\n");
  EXPECT_EQ(look_up().value()->access_key_id, "FILE");
}

TEST_F(S3Process, WhatEndsIsAskedForAgain) {
  command(script(fmt::format(
      R"(printf '{{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s","SessionToken":"t","Expiration":"{}"}}')",
      in(hours(1)))));
  auto found = look_up().value();
  EXPECT_TRUE(found->expires);
  EXPECT_EQ(found->session_token, "t");
  command(
      script(R"(printf '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s","Expiration":"2001-01-01T00:00:00Z"}')"));
  EXPECT_EQ(look_up().error().code(), Code::unauthenticated);
}

TEST_F(S3Process, Faults) {
  for (std::string text : {"exit 3", "echo '{\"Version\":2}'", "echo 'AccessKeyId: tokentext'", "yes topsecret",
                           "echo '{\"Version\":1,\"AccessKeyId\":\"A\"}'", "kill -9 $$", "true",
                           "printf '{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"topsecret\"'"}) {
    command(script(text));
    expect_fault({text.c_str(), {}, {Code::config_invalid, Code::data_corrupted}}, look_up());
  }
  command((directory_ / "nobody").string());
  expect_fault({"no program", {}, {Code::config_invalid}}, look_up());
  command("'open");
  expect_fault({"an open quote", {}, {Code::config_invalid}}, look_up());
}

TEST_F(S3Process, ACommandThatHangsIsStopped) {
  std::string mark = (directory_ / "alive").string();
  command(script("exec sleep 30"));
  auto chain = std::make_shared<CredentialChain>(default_sources({}));
  auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(chain->get(Context{}.with_timeout(std::chrono::milliseconds(300))).error().code(), Code::timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - before, seconds(5));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);  // nobody is left behind
}

TEST(S3Command, IsSplitAsAShellDoes) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(split_command(R"(a "b c" d\ e 'f\g' "h\"i\j" "" k'l'm)").value(),
            (Words{"a", "b c", "d e", "f\\g", "h\"i\\j", "", "klm"}));
  EXPECT_FALSE(split_command("   "));
  EXPECT_FALSE(split_command("a 'b"));
}

// ---- Together ----

TEST_F(S3Sources, TheMostSpecificPlaceWins) {
  Double container([](const auto&) { return answer(200, keys_json("CONTAINER")); });
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.url("/"));
  EXPECT_EQ(look_up().value()->access_key_id, "CONTAINER");
  write("credentials", "[default]\naws_access_key_id = FILE\naws_secret_access_key = s\n");
  EXPECT_EQ(look_up().value()->access_key_id, "FILE");
  set("AWS_ACCESS_KEY_ID", "ENV");
  set("AWS_SECRET_ACCESS_KEY", "s");
  EXPECT_EQ(look_up().value()->access_key_id, "ENV");
  EXPECT_EQ(look_up("default").value()->access_key_id, "FILE");
}

TEST_F(S3Sources, KeysOfTheEnvironmentMayEnd) {
  set("AWS_ACCESS_KEY_ID", "ENV");
  set("AWS_SECRET_ACCESS_KEY", "s");
  set("AWS_CREDENTIAL_EXPIRATION", in(hours(1)));
  EXPECT_TRUE(look_up().value()->expires);
  set("AWS_CREDENTIAL_EXPIRATION", in(seconds(-1)));
  EXPECT_EQ(look_up().error().code(), Code::unauthenticated);
  set("AWS_CREDENTIAL_EXPIRATION", "soon");
  EXPECT_EQ(look_up().error().code(), Code::config_invalid);
}

TEST_F(S3Sources, ManyWhoWaitCostOneLookUp) {
  Double service([](const auto&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return answer(200, keys_json("ONE"));
  });
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", service.url("/"));
  auto chain = std::make_shared<CredentialChain>(default_sources({}));
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      auto got = chain->get();
      if (got && (*got)->access_key_id == "ONE") ++good;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 16);
  EXPECT_EQ(service.asked().size(), 1U);
}

TEST_F(S3Sources, WhatIsStillValidIsUsedWhileRenewalFails) {
  std::atomic<int> count = 0;
  Double service(
      [&](const auto&) { return ++count == 1 ? answer(200, keys_json("VALID", seconds(20))) : answer(404, ""); });
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", service.url("/"));
  auto chain = std::make_shared<CredentialChain>(default_sources({}));
  ASSERT_TRUE(chain->get());
  // With less than half a minute left each call tries for others, and does with these.
  EXPECT_EQ(chain->get().value()->access_key_id, "VALID");
  EXPECT_EQ(count, 2);
}

TEST_F(S3Sources, ShortLivesAreRenewedWithoutHurry) {
  std::atomic<int> count = 0;
  Double service([&](const auto&) { return ++count, answer(200, keys_json("SHORT", seconds(60))); });
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", service.url("/"));
  auto chain = std::make_shared<CredentialChain>(default_sources({}));
  ASSERT_TRUE(chain->get());
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_EQ(count, 1);
}

// ThreadSanitizer lets no forked child start threads.
#if !defined(__SANITIZE_THREAD__)
TEST_F(S3Sources, AForkedChildLooksForItself) {
  std::atomic<bool> hang = true;
  Double service([&](const auto&) { return hang ? std::string() : answer(200, keys_json("CHILD")); });
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", service.url("/"));
  auto chain = std::make_shared<CredentialChain>(default_sources({}));
  std::thread parent([&] { (void)chain->get(Context{}.with_timeout(seconds(3))); });
  while (service.asked().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  hang = false;
  ::pid_t child = ::fork();  // while the parent holds its turn
  if (child == 0) {
    auto got = chain->get(Context{}.with_timeout(seconds(5)));
    ::_exit(got && (*got)->access_key_id == "CHILD" ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  parent.join();
}
#endif

}  // namespace
}  // namespace orlop::s3
