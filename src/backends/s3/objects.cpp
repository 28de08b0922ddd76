#include "backends/s3/objects.h"

#include <fmt/core.h>

#include "backends/s3/attrs.h"
#include "backends/s3/bandwidth.h"
#include "backends/s3/reader.h"

namespace orlop::s3 {
namespace {

std::string_view unquoted(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  return etag;
}

// A service that ignores the condition would overwrite what is there.
Result<void> look_first(Client& client, const Context& context, std::string_view key) {
  auto there = stat_object(client, context, {.key = key, .checksum = false});
  if (there) return Error(Code::already_exists, "an object of this name is there already");
  if (there.error().code() != Code::not_found) return std::move(there).error();
  return {};
}

Error of_create(Client& client, Error error) {
  if (error.code() == Code::precondition_failed) client.prove_create();
  if (error.code() == Code::unsupported) {
    error.set_message(
        fmt::format("{}; the service has no conditional writes: set dialect to what it is", error.message()));
  }
  return error;
}

}  // namespace

Result<void> add_mode(const Dialect& dialect, PutMode mode, std::string_view if_match,
                      std::vector<wire::Field>& headers) {
  if (mode == PutMode::create) headers.emplace_back("if-none-match", "*");
  if (mode != PutMode::match) return {};
  if (if_match.empty() || !valid_header_value(if_match)) {
    return Error(Code::invalid_argument, "if_match: an etag is needed");
  }
  headers.emplace_back("if-match", dialect.if_match_quoted ? if_match : unquoted(if_match));
  return {};
}

Error of_mode(Error error, PutMode mode) {
  bool refused = error.code() == Code::precondition_failed;
  // "If-Match" on a key that does not exist is answered with NoSuchKey.
  bool absent = mode == PutMode::match && error.service_code() == "NoSuchKey";
  if (!(mode == PutMode::create && refused) && !absent) return error;
  Error result(absent ? Code::precondition_failed : Code::already_exists, std::string(error.message()));
  result.set_service(error.http_status(), error.service_code(), error.request_id());
  return result;
}

Result<Meta> put_object(Client& client, const Context& context, const PutRequest& request) {
  bool unproven = request.mode == PutMode::create && !client.create_proven();
  if (unproven) ORLOP_TRY(look_first(client, context, request.key));
  Request put{.operation = "PutObject", .method = "PUT", .key = request.key};
  if (request.attrs) ORLOP_TRY(add_attrs(*request.attrs, put.headers));
  ORLOP_TRY(add_mode(client.dialect(), request.mode, request.if_match, put.headers));
  ORLOP_ASSIGN(UploadBody body, prepare_upload(request.payload, client.protection(put.headers),
                                               request.attrs ? request.attrs->content_encoding : ""));
  limit_upload(body, context, client.config().bandwidth);
  put.body = &body;
  auto response = client.send(context, put);
  if (!response && unproven) return of_mode(of_create(client, std::move(response).error()), request.mode);
  if (!response) return of_mode(std::move(response).error(), request.mode);
  Meta meta;
  meta.etag = (*response)->headers().get("etag");
  if (meta.etag.empty()) return wrong_answer((*response)->status(), "the answer has no ETag");
  meta.version = (*response)->headers().get("x-amz-version-id");
  meta.size = request.payload.size();
  meta.checksum = body.source->checksum();
  drain(**response);
  return meta;
}

}  // namespace orlop::s3
