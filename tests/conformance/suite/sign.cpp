// Addresses others can use.
#include "subject.h"

namespace orlop::testing {
namespace {

Result<Presigned> presign(Subject& subject, const std::string& key, SignedMethod method) {
  return subject.driver().presign(Subject::context(), {.method = method, .key = key});
}

// A driver that claims to sign needs a harness that can send, or nothing would be known.
bool can_send(Subject& subject, Cap cap, SignedMethod method) {
  if (!subject.can(cap)) {
    EXPECT_TRUE(fails(presign(subject, subject.key("object"), method), Code::unsupported));
    return false;
  }
  EXPECT_TRUE(subject.harness().send) << "a harness of a driver that signs has to have send()";
  return static_cast<bool>(subject.harness().send);
}

void get(Subject& subject) {
  if (!can_send(subject, Cap::presign_get, SignedMethod::get)) return;
  std::string key = subject.key("a b+c%25\xC3\xA9");
  ASSERT_TRUE(ok(subject.put(key, "signed")));
  auto signed_get = presign(subject, key, SignedMethod::get);
  ASSERT_TRUE(ok(signed_get));
  EXPECT_EQ(signed_get->method, "GET");
  EXPECT_GT(signed_get->expires.count(), 0);
  EXPECT_LE(signed_get->expires, PresignRequest{}.expires);
  auto answer = subject.harness().send(*signed_get, {});
  ASSERT_TRUE(ok(answer));
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "signed");
}

void get_does_not_open_other_objects(Subject& subject) {
  if (!can_send(subject, Cap::presign_get, SignedMethod::get)) return;
  ASSERT_TRUE(ok(subject.put(subject.key("open"), "open")));
  ASSERT_TRUE(ok(subject.put(subject.key("shut"), "shut")));
  auto request = presign(subject, subject.key("open"), SignedMethod::get);
  ASSERT_TRUE(ok(request));
  std::size_t at = request->url.find("/open");
  ASSERT_NE(at, std::string::npos);
  request->url.replace(at, 5, "/shut");
  auto answer = subject.harness().send(*request, {});
  ASSERT_TRUE(ok(answer));
  EXPECT_EQ(answer->status, 403);
}

void get_expires(Subject& subject) {
  if (!can_send(subject, Cap::presign_get, SignedMethod::get)) return;
  std::string key = subject.key("object");
  ASSERT_TRUE(ok(subject.put(key, "signed")));
  SystemTime now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  auto request = subject.driver().presign(Subject::context(), {.method = SignedMethod::get,
                                                               .key = key,
                                                               .expires = std::chrono::seconds(60),
                                                               .signed_at = now - std::chrono::minutes(5)});
  ASSERT_TRUE(ok(request));
  auto answer = subject.harness().send(*request, {});
  ASSERT_TRUE(ok(answer));
  EXPECT_EQ(answer->status, 403);
}

void put(Subject& subject) {
  if (!can_send(subject, Cap::presign_put, SignedMethod::put)) return;
  std::string key = subject.key("object");
  auto request = presign(subject, key, SignedMethod::put);
  ASSERT_TRUE(ok(request));
  EXPECT_EQ(request->method, "PUT");
  auto answer = subject.harness().send(*request, "from outside");
  ASSERT_TRUE(ok(answer));
  EXPECT_EQ(answer->status / 100, 2);
  EXPECT_EQ(subject.get(key).value_or("?"), "from outside");
}

void put_may_be_bound_to_a_checksum(Subject& subject) {
  if (!subject.can(Cap::presign_checksum)) return;  // what else would happen is the service's to say
  const std::string key = subject.key("object");
  // CRC-32 of "from outside", big-endian, in base64 (RFC 4648).
  auto request = subject.driver().presign(
      Subject::context(), {.method = SignedMethod::put, .key = key, .headers = {{"x-amz-checksum-crc32", "RsSdNQ=="}}});
  ASSERT_TRUE(ok(request));
  auto other = subject.harness().send(*request, "from nowhere");
  ASSERT_TRUE(ok(other));
  if (subject.can(Cap::checksum)) EXPECT_EQ(other->status, 400);
  auto answer = subject.harness().send(*request, "from outside");
  ASSERT_TRUE(ok(answer));
  EXPECT_EQ(answer->status / 100, 2);
  EXPECT_EQ(subject.get(key).value_or("?"), "from outside");
}

void refuses_an_impossible_validity(Subject& subject) {
  if (!subject.can(Cap::presign_get)) return;  // told above
  for (std::chrono::seconds expires : {std::chrono::seconds(-5), std::chrono::seconds(std::chrono::years(100))})
    EXPECT_TRUE(
        fails(subject.driver().presign(Subject::context(),
                                       {.method = SignedMethod::get, .key = subject.key("object"), .expires = expires}),
              Code::invalid_argument));
}

void post(Subject& subject) {
  if (subject.can(Cap::presign_post)) {
    auto request = presign(subject, subject.key("object"), SignedMethod::post);
    ASSERT_TRUE(ok(request));
    EXPECT_EQ(request->method, "POST");
    EXPECT_FALSE(request->fields.empty());
  } else {
    EXPECT_TRUE(fails(presign(subject, subject.key("object"), SignedMethod::post), Code::unsupported));
  }
}

void public_url(Subject& subject) {
  auto url = subject.driver().public_url(subject.key("a b+c?d#e%\xC3\xA9"));
  if (!subject.can(Cap::public_url)) {
    EXPECT_TRUE(fails(url, Code::unsupported));
    return;
  }
  ASSERT_TRUE(ok(url));
  EXPECT_TRUE(url->ends_with("a%20b%2Bc%3Fd%23e%25%C3%A9")) << *url;
  for (unsigned char byte : *url) EXPECT_TRUE(byte > 0x20 && byte < 0x7F) << *url;
}

constexpr Case cases[] = {
    {"get", get},
    {"get_does_not_open_other_objects", get_does_not_open_other_objects},
    {"get_expires", get_expires},
    {"put", put},
    {"put_may_be_bound_to_a_checksum", put_may_be_bound_to_a_checksum},
    {"refuses_an_impossible_validity", refuses_an_impossible_validity},
    {"post", post},
    {"public_url", public_url},
};

}  // namespace

std::span<const Case> sign_cases() { return cases; }

}  // namespace orlop::testing
