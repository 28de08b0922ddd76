#include "backends/s3/copying.h"

#include <fmt/format.h>

#include <algorithm>

#include "backends/s3/attrs.h"
#include "backends/s3/objects.h"
#include "backends/s3/reader.h"
#include "backends/s3/wire.h"
#include "wire/date.h"
#include "wire/percent.h"

namespace orlop::s3 {
namespace {

// "each object up to 5 GB in a single atomic operation" (CopyObject); a part copied may be as large.
constexpr std::uint64_t amazon_limit = 5ULL << 30;
constexpr std::uint64_t part_size = 512ULL << 20;
constexpr std::uint64_t parts_max = 10'000;

std::string source_of(const Client& client, std::string_view key) {
  return fmt::format("/{}/{}", client.config().bucket, wire::encode_path(key));
}

// Amazon says InvalidRequest for many things; only the size is worth another way.
bool may_be_too_large(const Error& error) {
  return error.service_code() == "InvalidRequest" || error.service_code() == "EntityTooLarge";
}

Result<Meta> copy_at_once(Client& client, const Context& context, const CopyRequest& request) {
  Request put{.operation = "CopyObject", .method = "PUT", .key = request.to};
  put.headers.emplace_back("x-amz-copy-source", source_of(client, request.from));
  put.headers.emplace_back("x-amz-metadata-directive", request.attrs ? "REPLACE" : "COPY");
  if (request.attrs) ORLOP_TRY(add_attrs(*request.attrs, put.headers));
  ORLOP_TRY(add_mode(client.dialect(), request.mode, request.if_match, put.headers));
  auto reply = client.exchange(context, put);
  if (!reply) return of_mode(std::move(reply).error(), request.mode);
  ORLOP_ASSIGN(EtagReply copied, parse_etag(reply->body, "CopyObjectResult"));
  if (copied.etag.empty()) return wrong_answer(200, "the answer has no ETag");
  Meta meta;
  meta.etag = std::move(copied.etag);
  if (auto modified = wire::parse_iso8601(copied.modified)) meta.modified = *modified;
  meta.version = reply->response->headers().get("x-amz-version-id");
  return meta;
}

Result<std::vector<Part>> copy_parts(Uploads& uploads, const Context& context, const std::string& key,
                                     const std::string& id, std::string_view source, const Meta& from,
                                     std::uint64_t step) {
  std::vector<Part> parts;
  for (std::uint64_t at = 0; at < from.size; at += step) {
    PutPartRequest place{key, id, static_cast<std::uint32_t>(parts.size() + 1), {}};
    ORLOP_ASSIGN(Part part, uploads.copy_part(context, place, source, from.etag, at, std::min(step, from.size - at)));
    parts.push_back(std::move(part));
  }
  return parts;
}

Result<Meta> copy_in_parts(Client& client, Uploads& uploads, const Context& context, const CopyRequest& request,
                           const Meta& from, std::uint64_t limit) {
  std::string key(request.to);
  ORLOP_ASSIGN(std::string id, uploads.begin_copy(context, {key, request.attrs ? *request.attrs : from.attrs}));
  std::uint64_t step = std::max(std::min(part_size, limit), (from.size + parts_max - 1) / parts_max);
  auto parts = copy_parts(uploads, context, key, id, source_of(client, request.from), from, step);
  Result<Meta> done =
      parts ? uploads.complete(context, {key, id, *std::move(parts), request.mode, std::string(request.if_match)})
            : std::move(parts).error();
  if (done || done.error().code() == Code::unknown) return done;
  if (auto aborted = uploads.abort(context, {key, id}); !aborted) {
    done.error().set_message(fmt::format("{}; upload {} was left behind", done.error().message(), id));
  }
  return done;
}

}  // namespace

Result<Meta> copy_object(Client& client, Uploads& uploads, const Context& context, const CopyRequest& request) {
  if (request.from == request.to && !request.attrs && request.mode == PutMode::overwrite) {
    return stat_object(client, context, {.key = request.from});  // S3 refuses a copy that changes nothing
  }
  std::uint64_t limit = client.config().copy_limit.value_or(amazon_limit);
  if (client.config().copy_limit) {
    ORLOP_ASSIGN(Meta from, stat_object(client, context, {.key = request.from}));
    if (from.size > limit) return copy_in_parts(client, uploads, context, request, from, limit);
  }
  auto meta = copy_at_once(client, context, request);
  if (meta) {
    return meta;
  }
  if (!may_be_too_large(meta.error())) return meta;
  auto from = stat_object(client, context, {.key = request.from});
  if (!from || from->size <= limit) return meta;
  return copy_in_parts(client, uploads, context, request, *from, limit);
}

}  // namespace orlop::s3
