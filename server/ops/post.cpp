// PostObject: an upload by a browser's form.
#include <fmt/format.h>

#include "server/form.h"
#include "server/ops/common.h"
#include "server/policy.h"
#include "wire/percent.h"

namespace orlop::server::ops {
namespace {

constexpr std::string_view file_name_variable = "${filename}";

Result<std::string> key_of(const Form& form) {
  std::string key(form.fields().get("key"));
  if (std::size_t at = key.find(file_name_variable); at != std::string::npos) {
    key.replace(at, file_name_variable.size(), form.file_name());
  }
  if (key.empty()) {
    return s3_error(
        "InvalidArgument",
        "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.");
  }
  if (key.size() > longest_key) return s3_error("KeyTooLongError");
  if (!valid_utf8(key) || key.find('\0') != std::string::npos) return s3_error("InvalidURI");
  return key;
}

// The fields with what the form does not say itself.
Headers complete_fields(const Call& call, const Form& form, const std::string& key) {
  Headers fields = form.fields();
  fields.set("key", key);
  fields.set("bucket", call.request.bucket);
  return fields;
}

Result<SizeLimits> authorize(Call& call, const Headers& fields) {
  std::string_view policy = fields.get("policy");
  if (policy.empty()) return s3_error("AccessDenied");
  ORLOP_TRY(call.services.authenticator.authenticate_form(policy, fields, call.details));
  return check_policy(policy, fields);
}

std::string location(const Call& call, const std::string& key) {
  return fmt::format("http://{}/{}/{}", call.request.headers.get("host"), call.request.bucket, wire::encode_path(key));
}

Reply redirect(const Call& call, const Headers& fields, const std::string& key, const Object& object) {
  std::string target(fields.get("success_action_redirect"));
  target += target.find('?') == std::string::npos ? '?' : '&';
  target += fmt::format("bucket={}&key={}&etag={}", wire::encode_query(call.request.bucket), wire::encode_query(key),
                        wire::encode_query(object.meta.etag));
  Reply reply;
  reply.status = 303;
  reply.headers.add("location", target);
  return reply;
}

Reply success(const Call& call, const Headers& fields, const std::string& key, const Object& object) {
  if (fields.has("success_action_redirect")) return redirect(call, fields, key, object);
  Reply reply;
  std::string_view status = fields.get("success_action_status");
  if (status == "201") {
    XmlAnswer answer("PostResponse", false);
    add(answer.root(), "Location", location(call, key));
    add(answer.root(), "Bucket", call.request.bucket);
    add(answer.root(), "Key", key);
    add(answer.root(), "ETag", object.meta.etag);
    reply = xml_reply(answer);
  }
  reply.status = status == "201" ? 201 : status == "200" ? 200 : 204;
  reply.headers.add("etag", object.meta.etag);
  reply.headers.add("location", location(call, key));
  return reply;
}

}  // namespace

Result<Reply> post_object(Call& call) {
  ORLOP_ASSIGN(Objects objects, call.bucket());
  if (!call.request.content_length && !call.request.chunked) return s3_error("MissingContentLength");
  ORLOP_ASSIGN(auto form, Form::open(call.raw_body, call.request.header("content-type")));
  ORLOP_ASSIGN(std::string key, key_of(*form));
  if (objects.owns(key)) return s3_error("AccessDenied");
  Headers fields = complete_fields(call, *form, key);
  ORLOP_ASSIGN(SizeLimits limits, authorize(call, fields));
  if (fields.has("acl")) fields.set("x-amz-acl", fields.get("acl"));
  fields.remove("x-amz-tagging");  // in forms: the XML document of PutObjectTagging
  ORLOP_ASSIGN(Attrs attrs, attrs_in(fields, objects.own()));
  ORLOP_ASSIGN(Facts facts, facts_in(fields));
  if (std::string_view tagging = fields.get("tagging"); !tagging.empty()) {
    ORLOP_ASSIGN(facts.tags, tags_in_document(tagging));
  }
  ORLOP_ASSIGN(auto checksum, checksum_in(fields));
  form->expect(limits.least, limits.most, std::move(checksum));
  ORLOP_ASSIGN(Object object, objects.store(key, attrs, std::move(facts), *form, {}));
  return success(call, fields, key, object);
}

}  // namespace orlop::server::ops
