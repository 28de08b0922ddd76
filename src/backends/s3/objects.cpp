#include "backends/s3/objects.h"

#include "backends/s3/attrs.h"

namespace orlop::s3 {
namespace {

std::string_view unquoted(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  return etag;
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
  Request put{.operation = "PutObject", .method = "PUT", .key = request.key};
  if (request.attrs) ORLOP_TRY(add_attrs(*request.attrs, put.headers));
  ORLOP_TRY(add_mode(client.dialect(), request.mode, request.if_match, put.headers));
  ORLOP_ASSIGN(UploadBody body, prepare_upload(request.payload, client.protection(put.headers),
                                               request.attrs ? request.attrs->content_encoding : ""));
  put.body = &body;
  auto response = client.send(context, put);
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
