#include "backends/s3/copying.h"

#include <fmt/core.h>

#include <algorithm>
#include <mutex>
#include <optional>

#include "backends/s3/attrs.h"
#include "backends/s3/objects.h"
#include "backends/s3/reader.h"
#include "backends/s3/wire.h"
#include "engine/attempts.h"
#include "engine/tasks.h"
#include "wire/date.h"
#include "wire/percent.h"

namespace orlop::s3 {
namespace {

// "each object up to 5 GB in a single atomic operation" (CopyObject); a part copied may be as large.
constexpr std::uint64_t amazon_limit = 5ULL << 30;
constexpr std::uint64_t part_size = 512ULL << 20;
constexpr std::uint64_t parts_max = 10'000;
constexpr unsigned copies_max = 16;  // at a time: the service does the work, and more would only wait there

// What is copied: an object of this bucket, or, as the parameters of Amazon's SDKs say it, of another one of the same
// service: CopySource "bucket/key", CopySourceVersion, and MetadataDirective "COPY" to keep its attributes.
// CopySourceIfMatch: only while its etag is this one.
class Source {
 public:
  static Result<Source> of(Client& client, const CopyRequest& request) {
    Source source(client, request);
    if (!request.attrs) return source;
    source.attrs_ = *request.attrs;
    auto directive = source.attrs_->provider.extract("MetadataDirective");
    if (directive && directive.mapped() != "COPY" && directive.mapped() != "REPLACE") {
      return Error(Code::invalid_argument, "MetadataDirective is COPY or REPLACE");
    }
    auto named = source.attrs_->provider.extract("CopySource");
    if (auto version = source.attrs_->provider.extract("CopySourceVersion")) source.version_ = version.mapped();
    if (auto etag = source.attrs_->provider.extract("CopySourceIfMatch")) source.etag_ = etag.mapped();
    if (directive && directive.mapped() == "COPY") {
      // What belongs to the copy and not to its content goes along either way.
      for (const char* name : {"ACL", "StorageClass", "ServerSideEncryption", "SSEKMSKeyId"}) {
        source.beside_.provider.insert(source.attrs_->provider.extract(name));
      }
      source.attrs_.reset();
    }
    if (!named) return source;
    std::size_t slash = named.mapped().find('/');
    source.bucket_ = named.mapped().substr(0, slash);
    source.key_ = slash == std::string::npos ? "" : named.mapped().substr(slash + 1);
    if (!source.bucket_.empty() && valid_bucket(source.bucket_) && !source.key_.empty()) return source;
    return Error(Code::invalid_argument, "CopySource: write bucket/key");
  }

  const Attrs* attrs() const noexcept { return attrs_ ? &*attrs_ : nullptr; }
  // What a copy in parts gets, whose source has `present`.
  Attrs attrs_beside(const Attrs& present) const {
    Attrs attrs = attrs_ ? *attrs_ : present;
    for (const auto& [name, value] : beside_.provider) attrs.provider.insert_or_assign(name, value);
    return attrs;
  }
  const Attrs& beside() const noexcept { return beside_; }    // of a copy that keeps its attributes
  const std::string& etag() const noexcept { return etag_; }  // that the source must have; empty: any
  bool is(std::string_view key) const noexcept { return !elsewhere() && version_.empty() && key_ == key; }
  std::string header() const {
    std::string header = fmt::format("/{}/{}", bucket_, wire::encode_path(key_));
    if (!version_.empty()) header += fmt::format("?versionId={}", wire::encode_query(version_));
    return header;
  }

  Result<Meta> stat(const Context& context) const {
    if (!elsewhere()) return stat_object(client_, context, {.key = key_, .version = version_});
    Config config = client_.config();
    config.bucket = bucket_;
    Client other(std::move(config), client_.transport());
    return stat_object(other, context, {.key = key_, .version = version_});
  }

 private:
  Source(Client& client, const CopyRequest& request)
      : client_(client), bucket_(client.config().bucket), key_(request.from) {}
  bool elsewhere() const noexcept { return bucket_ != client_.config().bucket; }

  Client& client_;
  std::string bucket_, key_, version_, etag_;
  std::optional<Attrs> attrs_;
  Attrs beside_;
};

// Amazon says InvalidRequest for many things; only the size is worth another way.
bool may_be_too_large(const Error& error) {
  return error.service_code() == "InvalidRequest" || error.service_code() == "EntityTooLarge";
}

Result<Meta> copy_at_once(Client& client, const Context& context, const CopyRequest& request, const Source& source) {
  Request put{.operation = "CopyObject", .method = "PUT", .key = request.to};
  put.headers.emplace_back("x-amz-copy-source", source.header());
  if (!source.etag().empty()) put.headers.emplace_back("x-amz-copy-source-if-match", source.etag());
  put.headers.emplace_back("x-amz-metadata-directive", source.attrs() ? "REPLACE" : "COPY");
  if (source.attrs()) ORLOP_TRY(add_attrs(*source.attrs(), put.headers));
  ORLOP_TRY(add_attrs(source.beside(), put.headers));
  // Without it the tags would be those of the source.
  if (std::ranges::find(put.headers, "x-amz-tagging", &wire::Field::first) != put.headers.end())
    put.headers.emplace_back("x-amz-tagging-directive", "REPLACE");
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

// In parallel; after the first failure no further part is begun.
Result<std::vector<Part>> copy_parts(Uploads& uploads, const Context& context, const std::string& key,
                                     const std::string& id, std::string_view source, const Meta& from,
                                     std::uint64_t step, unsigned concurrency) {
  std::vector<Part> parts((from.size + step - 1) / step);
  std::mutex mutex;
  std::optional<Error> failure;
  auto failed = [&] {
    std::lock_guard lock(mutex);
    return failure.has_value();
  };
  auto copy_one = [&](std::size_t index) {
    if (failed()) return;
    std::uint64_t at = index * step;
    PutPartRequest place{key, id, static_cast<std::uint32_t>(index + 1), {}};
    auto part = engine::repeat(context, "copy", true, [&] {
      return uploads.copy_part(context, place, source, from.etag, at, std::min(step, from.size - at));
    });
    std::lock_guard lock(mutex);
    if (part) {
      parts[index] = *std::move(part);
    } else if (!failure) {
      failure = std::move(part).error();
    }
  };
  {
    engine::TaskGroup tasks(std::min<unsigned>(concurrency, copies_max));
    for (std::size_t index = 0; index < parts.size() && !failed(); ++index)
      tasks.submit([&, index] { copy_one(index); });
  }
  if (failure) return *std::move(failure);
  return parts;
}

Result<Meta> copy_in_parts(Client& client, Uploads& uploads, const Context& context, const CopyRequest& request,
                           const Source& source, const Meta& from, std::uint64_t limit) {
  std::string key(request.to);
  ORLOP_ASSIGN(std::string id, uploads.begin_copy(context, {key, source.attrs_beside(from.attrs)}));
  std::uint64_t step = std::max(std::min(part_size, limit), (from.size + parts_max - 1) / parts_max);
  auto parts = copy_parts(uploads, context, key, id, source.header(), from, step, client.config().concurrency);
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
  ORLOP_ASSIGN(Source source, Source::of(client, request));
  bool changes = source.attrs() || !source.beside().provider.empty();
  if (source.is(request.to) && !changes && request.mode == PutMode::overwrite) {
    return source.stat(context);  // S3 refuses a copy that changes nothing
  }
  std::uint64_t limit = client.config().copy_limit.value_or(amazon_limit);
  if (client.config().copy_limit) {
    ORLOP_ASSIGN(Meta from, source.stat(context));
    if (from.size > limit) return copy_in_parts(client, uploads, context, request, source, from, limit);
  }
  auto meta = copy_at_once(client, context, request, source);
  if (meta || !client.dialect().copies_parts || !may_be_too_large(meta.error())) return meta;
  auto from = source.stat(context);
  if (!from || from->size <= limit) return meta;
  return copy_in_parts(client, uploads, context, request, source, *from, limit);
}

}  // namespace orlop::s3
