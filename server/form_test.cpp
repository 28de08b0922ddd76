#include "server/form.h"

#include <gtest/gtest.h>

#include "server/policy.h"
#include "server/testing_source.h"
#include "wire/encoding.h"

namespace orlop::server {
namespace {

constexpr std::string_view content_type = "multipart/form-data; boundary=\"b d\"";

std::string form_text(const std::string& content) {
  return "--b d\r\nContent-Disposition: form-data; name=\"Key\"\r\n\r\nup/${filename}\r\n"
         "--b d\r\ncontent-disposition: form-data; name=\"x-amz-meta-a\"\r\n\r\nline\r\n\r\n\r\n"
         "--b d\r\nContent-Disposition: form-data; name=\"file\"; "
         "filename=\"C:\\dir\\\\\xc3\xbc.txt\"\r\nContent-Type: x/y\r\n\r\n" +
         content + "\r\n--b d\r\nContent-Disposition: form-data; name=\"late\"\r\n\r\nx\r\n--b d--\r\n";
}

Result<std::string> read_file(Form& form) {
  std::string content;
  std::array<std::byte, 1000> block;
  for (;;) {
    ORLOP_ASSIGN(std::size_t count, form.read(block));
    if (count == 0) return content;
    content.append(as_text(Bytes(block).first(count)));
  }
}

TEST(Form, ReadsFieldsAndFileHoweverTheyArrive) {
  std::string content = "a\r\n--b ?\r\n--b" + std::string(100'000, '\r') + "\n--b ";
  std::string text = form_text(content);
  for (std::size_t step : {1U, 7U, 1000U, 1'000'000U}) {
    TextSource source(text, step);
    auto form = Form::open(source, content_type);
    ASSERT_TRUE(form) << form.error().to_string();
    EXPECT_EQ((*form)->fields().get("key"), "up/${filename}");
    EXPECT_EQ((*form)->fields().get("x-amz-meta-a"), "line\r\n\r\n");
    EXPECT_EQ((*form)->file_name(), "\xc3\xbc.txt");
    (*form)->expect(0, 1'000'000, {});
    EXPECT_EQ(read_file(**form).value(), content) << step;
    EXPECT_EQ((*form)->size(), content.size());
  }
}

TEST(Form, ACutIsNeverAFile) {
  std::string text = form_text("content");
  std::size_t end = text.find("content\r\n--b d") + 14;
  for (std::size_t size = 0; size < end; ++size) {
    TextSource source(std::string_view(text).substr(0, size), 100);
    auto form = Form::open(source, content_type);
    if (!form) continue;
    (*form)->expect(0, 100, {});
    EXPECT_FALSE(read_file(**form)) << size;
  }
}

TEST(Form, KeepsTheLimits) {
  std::string text = form_text("12345");
  auto outcome = [&](std::uint64_t least, std::uint64_t most) {
    TextSource source(text, 100);
    auto form = Form::open(source, content_type).value();
    form->expect(least, most, {});
    auto content = read_file(*form);
    return content ? std::string("right") : std::string(content.error().service_code());
  };
  EXPECT_EQ(outcome(5, 5), "right");
  EXPECT_EQ(outcome(0, 4), "EntityTooLarge");
  EXPECT_EQ(outcome(6, 9), "EntityTooSmall");
}

TEST(Form, FieldsAreBounded) {
  std::string text = "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n" + std::string(100'000, 'x');
  TextSource source(text, 1000);
  auto form = Form::open(source, "multipart/form-data; boundary=b");
  ASSERT_FALSE(form);
  EXPECT_EQ(form.error().service_code(), "MaxPostPreDataLengthExceeded");
}

std::string check(std::string_view json, const Headers& fields) {
  auto limits = check_policy(wire::encode_base64(as_bytes(json)), fields);
  return limits ? std::string("right") : std::string(limits.error().service_code());
}

TEST(Policy, HoldsEveryFieldToItsCondition) {
  Headers fields;
  fields.add("key", "user/x");
  fields.add("bucket", "b");
  fields.add("acl", "private");
  fields.add("x-ignore-me", "1");
  std::string head =
      R"({"expiration": "2999-01-01T00:00:00Z", "conditions": [{"bucket": "b"}, ["starts-with", "$key", "user/"])";
  EXPECT_EQ(check(head + R"(, {"acl": "private"}]})", fields), "right");
  EXPECT_EQ(check(head + R"(, ["eq", "$ACL", "private"], ["content-length-range", 1, 2]]})", fields), "right");
  EXPECT_EQ(check(head + "]}", fields), "AccessDenied");
  EXPECT_EQ(check(head + R"(, {"acl": "public-read"}]})", fields), "AccessDenied");
  EXPECT_EQ(check(R"({"expiration": "2001-01-01T00:00:00Z", "conditions": []})", fields), "AccessDenied");
  for (const char* json :
       {"", "[]", "{}", R"({"expiration": "x", "conditions": []})",
        R"({"expiration": "2999-01-01T00:00:00Z", "conditions": [1]})",
        R"({"expiration": "2999-01-01T00:00:00Z", "conditions": [["eq", 1, "x"]]})",
        R"({"expiration": "2999-01-01T00:00:00Z", "conditions": [["content-length-range", "1", -2]]})"}) {
    EXPECT_EQ(check(json, fields), "InvalidPolicyDocument") << json;
  }
}

}  // namespace
}  // namespace orlop::server
