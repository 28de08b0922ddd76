#include <unistd.h>

#include "backends/s3/credentials/sources.h"
#include "tests/support/credential_sources.h"

namespace orlop::s3 {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

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
  for (const ServiceFault& fault : faults_of(keys_json("I"))) {
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

}  // namespace
}  // namespace orlop::s3
