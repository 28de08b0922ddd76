#include "backends/s3/uploads.h"

#include <fmt/core.h>

#include <algorithm>

#include "backends/s3/attrs.h"
#include "backends/s3/bandwidth.h"
#include "backends/s3/objects.h"
#include "backends/s3/reader.h"
#include "backends/s3/wire.h"
#include "wire/crc.h"
#include "wire/encoding.h"
#include "wire/hash.h"

namespace orlop::s3 {
namespace {

constexpr std::size_t upload_limit = 16 << 20;
constexpr int default_attempts = 3;
constexpr Milliseconds first_delay{100};
constexpr std::chrono::seconds grace{5};        // for finding out what became of a request after its time was over
constexpr std::chrono::seconds clock_slack{2};  // services tell whole seconds

bool combinable(ChecksumAlgorithm algorithm) {
  return algorithm == ChecksumAlgorithm::crc32 || algorithm == ChecksumAlgorithm::crc32c ||
         algorithm == ChecksumAlgorithm::crc64nvme;
}

std::uint64_t to_number(std::string_view bytes) {
  std::uint64_t number = 0;
  for (char c : bytes) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

std::string to_bytes(std::uint64_t number, std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = size; i-- > 0; number >>= 8) bytes[i] = static_cast<char>(number & 0xFF);
  return bytes;
}

std::uint64_t combine(ChecksumAlgorithm algorithm, std::uint64_t a, std::uint64_t b, std::uint64_t length) {
  auto low = [](std::uint64_t value) { return static_cast<std::uint32_t>(value); };
  switch (algorithm) {
    case ChecksumAlgorithm::crc32:
      return wire::combine_crc32(low(a), low(b), length);
    case ChecksumAlgorithm::crc32c:
      return wire::combine_crc32c(low(a), low(b), length);
    default:
      return wire::combine_crc64nvme(a, b, length);
  }
}

std::string_view bare(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  return etag;
}

std::uint64_t total_size(std::span<const Part> parts) {
  std::uint64_t size = 0;
  for (const Part& part : parts) size += part.size;
  return size;
}

std::vector<wire::Field> upload_query(std::string_view id) { return {{"uploadId", std::string(id)}}; }

Result<void> check_parts(std::span<const Part> parts) {
  if (parts.empty()) return Error(Code::invalid_argument, "an upload needs at least one part");
  for (std::size_t i = 1; i < parts.size(); ++i) {
    // Some services complete parts in any order and store nonsense.
    if (parts[i].index <= parts[i - 1].index) return Error(Code::invalid_argument, "the parts must ascend by index");
  }
  return {};
}

Context outlasting(const Context& context) {
  if (!context.expired()) return context;
  Context other;
  other.trace = context.trace;
  return other.with_timeout(grace);
}

}  // namespace

std::string multipart_etag(std::span<const Part> parts) {
  std::string digests;
  for (const Part& part : parts) {
    auto bytes = wire::decode_hex(bare(part.etag));
    if (!bytes || bytes->size() != 16) return {};
    digests += *bytes;
  }
  return fmt::format("\"{}-{}\"", wire::md5(as_bytes(digests)).hex(), parts.size());
}

std::optional<Checksum> combined_checksum(std::span<const Part> parts) {
  std::optional<Checksum> whole;
  for (const Part& part : parts) {
    if (!part.checksum || !combinable(part.checksum->algorithm)) return std::nullopt;
    if (!whole) {
      whole = part.checksum;
      continue;
    }
    if (part.checksum->algorithm != whole->algorithm) return std::nullopt;
    std::uint64_t sum = combine(whole->algorithm, to_number(whole->bytes), to_number(part.checksum->bytes), part.size);
    whole->bytes = to_bytes(sum, whole->bytes.size());
  }
  return whole;
}

Result<std::string> Uploads::begin(const Context& context, const BeginRequest& request) {
  return begin(context, request, true);
}

Result<std::string> Uploads::begin_copy(const Context& context, const BeginRequest& request) {
  return begin(context, request, false);
}

Result<std::string> Uploads::begin(const Context& context, const BeginRequest& request, bool summed) {
  Request post{.operation = "CreateMultipartUpload", .method = "POST", .key = request.key, .query = {{"uploads", ""}}};
  ORLOP_TRY(add_attrs(request.attrs, post.headers));
  Upload upload;
  if (summed) upload.checksum = client_.protection(post.headers).checksum;
  // This request announces the algorithm under another name, and has no sum of its own.
  std::erase_if(post.headers, [](const wire::Field& field) { return field.first == "x-amz-sdk-checksum-algorithm"; });
  if (upload.checksum != ChecksumAlgorithm::none) {
    post.headers.emplace_back("x-amz-checksum-algorithm", xml_name(upload.checksum));
    bool full = client_.dialect().full_object_checksum && combinable(upload.checksum);
    if (full && !request.attrs.provider.contains("ChecksumType")) {
      post.headers.emplace_back("x-amz-checksum-type", "FULL_OBJECT");
    }
  }
  std::vector<wire::Field> query;
  ORLOP_TRY(add_parameters(request.attrs.provider, Use::follow, upload.headers, query));

  SystemTime since = client_.now() - clock_slack;
  auto reply = client_.exchange(context, post);
  Result<std::string> id = reply ? parse_upload_id(reply->body) : std::move(reply).error();
  if (!id) {
    if (id.error().outcome_unknown()) sweep(context, request.key, since);
    return id;
  }
  std::lock_guard lock(mutex_);
  uploads_[*id] = std::move(upload);
  return id;
}

Uploads::Upload Uploads::upload_of(const std::string& id) {
  std::lock_guard lock(mutex_);
  auto found = uploads_.find(id);
  return found == uploads_.end() ? Upload{{}, client_.config().checksum} : found->second;
}

Result<Part> Uploads::put_part(const Context& context, const PutPartRequest& request) {
  Request put{.operation = "UploadPart", .method = "PUT", .key = request.key, .query = upload_query(request.upload_id)};
  put.query.emplace_back("partNumber", std::to_string(request.index));
  Upload upload = upload_of(request.upload_id);
  put.headers = std::move(upload.headers);
  Protection protection = client_.protection({});
  protection.checksum = upload.checksum;
  ORLOP_ASSIGN(UploadBody body, prepare_upload(request.payload, protection));
  limit_upload(body, context, client_.config().bandwidth);
  put.body = &body;
  ORLOP_ASSIGN(auto response, client_.send(context, put));
  Part part{request.index, request.payload.size(), std::string(response->headers().get("etag")),
            body.source->checksum()};
  if (part.etag.empty()) return wrong_answer(response->status(), "the answer has no ETag");
  drain(*response);
  return part;
}

Result<Part> Uploads::copy_part(const Context& context, const PutPartRequest& request, std::string_view source,
                                std::string_view source_etag, std::uint64_t offset, std::uint64_t length) {
  Request put{
      .operation = "UploadPartCopy", .method = "PUT", .key = request.key, .query = upload_query(request.upload_id)};
  put.query.emplace_back("partNumber", std::to_string(request.index));
  put.headers = upload_of(request.upload_id).headers;
  put.headers.emplace_back("x-amz-copy-source", source);
  put.headers.emplace_back("x-amz-copy-source-range", fmt::format("bytes={}-{}", offset, offset + length - 1));
  put.headers.emplace_back("x-amz-copy-source-if-match", source_etag);
  ORLOP_ASSIGN(Reply reply, client_.exchange(context, put));
  ORLOP_ASSIGN(EtagReply etag, parse_etag(reply.body, "CopyPartResult", "CopyObjectResult"));  // S3Proxy

  if (etag.etag.empty()) return wrong_answer(200, "the answer has no ETag");
  return Part{request.index, length, std::move(etag.etag), std::move(etag.checksum)};
}

Result<std::vector<Part>> Uploads::list_parts(const Context& context, const ListPartsRequest& request) {
  std::vector<Part> parts;
  std::string marker;
  for (;;) {
    Request get{
        .operation = "ListParts", .method = "GET", .key = request.key, .query = upload_query(request.upload_id)};
    if (!marker.empty()) get.query.emplace_back("part-number-marker", marker);
    ORLOP_ASSIGN(Reply reply, client_.exchange(context, get, upload_limit));
    ORLOP_ASSIGN(PartsReply page, parse_parts(reply.body));
    std::uint32_t last = parts.empty() ? 0 : parts.back().index;
    for (Part& part : page.parts) {
      if (part.index <= last) return wrong_answer(200, "the listing of parts does not move on");
      last = part.index;
      parts.push_back(std::move(part));
    }
    if (!page.truncated && parts.empty() && !client_.dialect().knows_uploads) {
      ORLOP_TRY(check_known(context, request));
    }
    if (!page.truncated) return parts;
    if (page.parts.empty()) return wrong_answer(200, "the listing of parts does not move on");
    marker = std::to_string(last);
  }
}

Result<Meta> Uploads::complete_once(const Context& context, const CompleteRequest& request) {
  Request post{.operation = "CompleteMultipartUpload",
               .method = "POST",
               .key = request.key,
               .query = upload_query(request.upload_id)};
  post.headers = upload_of(request.upload_id).headers;
  ORLOP_TRY(add_mode(client_.dialect(), request.mode, request.if_match, post.headers));
  post.headers.emplace_back("content-type", "application/xml");
  std::string text = complete_body(request.parts);
  Payload payload = Payload::text(text);
  Protection protection = client_.protection({});
  protection.checksum = ChecksumAlgorithm::none;  // the header would mean the object's
  protection.sign_payload = protection.sign_payload || !client_.config().credentials->is_anonymous();
  ORLOP_ASSIGN(UploadBody body, prepare_upload(payload, protection));
  auto whole = client_.dialect().full_object_checksum ? combined_checksum(request.parts) : std::nullopt;
  if (whole) {
    body.headers.emplace_back(checksum_header(whole->algorithm), wire::encode_base64(as_bytes(whole->bytes)));
    body.headers.emplace_back("x-amz-checksum-type", "FULL_OBJECT");
  }
  post.body = &body;
  ORLOP_ASSIGN(Reply reply, client_.exchange(context, post));
  ORLOP_ASSIGN(EtagReply etag, parse_etag(reply.body, "CompleteMultipartUploadResult"));
  Meta meta;
  meta.etag = std::move(etag.etag);
  meta.size = total_size(request.parts);
  meta.version = reply.response->headers().get("x-amz-version-id");
  meta.checksum = std::move(whole);
  return meta;
}

Result<Meta> Uploads::complete(const Context& context, const CompleteRequest& request) {
  ORLOP_TRY(check_parts(request.parts));
  const int attempts = context.retry ? context.retry->max_attempts : default_attempts;
  bool ambiguous = false;
  for (int attempt = 1;; ++attempt) {
    auto meta = complete_once(context, request);
    bool gone = !meta && meta.error().service_code() == "NoSuchUpload";
    if (!meta) {
      bool refused = meta.error().code() == Code::precondition_failed;
      bool look = meta.error().outcome_unknown() || gone || (ambiguous && refused);
      ambiguous |= meta.error().outcome_unknown();
      Meta found;
      Outcome outcome = look ? settle(outlasting(context), request, found) : Outcome::open;
      if (outcome == Outcome::done) {
        meta = std::move(found);
      } else if (outcome == Outcome::unknown && ambiguous) {
        Error error(Code::unknown, fmt::format("whether upload {} was completed could not be found out: {}",
                                               request.upload_id, meta.error().message()));
        return std::move(error.set_outcome_unknown());
      }
    }
    if (meta) {
      std::lock_guard lock(mutex_);
      uploads_.erase(request.upload_id);
      // Ceph's answer has an empty ETag.
      return meta->etag.empty() ? stat_object(client_, outlasting(context), {.key = request.key}) : std::move(meta);
    }
    Error error = std::move(meta).error();
    error.set_outcome_unknown(false);
    bool again =
        error.retry() == Retry::safe && attempt < attempts && context.sleep(first_delay * (1 << std::min(attempt, 6)));
    if (!again) return of_mode(std::move(error), request.mode);
  }
}

Uploads::Outcome Uploads::settle(const Context& context, const CompleteRequest& request, Meta& meta) {
  auto there = stat_object(client_, context, {.key = request.key});
  if (!there && there.error().code() != Code::not_found) return Outcome::unknown;
  if (there && there->size == total_size(request.parts)) {
    std::string expected = multipart_etag(request.parts);
    auto whole = combined_checksum(request.parts);
    bool ours = (!expected.empty() && there->etag == expected) || (whole && there->checksum == whole);
    if (ours) {
      meta = *std::move(there);
      return Outcome::done;
    }
  }
  auto parts = list_parts(context, {request.key, request.upload_id});
  return parts ? Outcome::open : Outcome::unknown;
}

Result<std::vector<UploadsReply::Upload>> Uploads::list_uploads(const Context& context, const std::string& key) {
  Request get{
      .operation = "ListMultipartUploads", .method = "GET", .key = {}, .query = {{"uploads", ""}, {"prefix", key}}};
  ORLOP_ASSIGN(Reply reply, client_.exchange(context, get, upload_limit));
  ORLOP_ASSIGN(UploadsReply listed, parse_uploads(reply.body));
  std::erase_if(listed.uploads, [&](const UploadsReply::Upload& upload) { return upload.key != key; });
  return std::move(listed.uploads);
}

Result<void> Uploads::check_known(const Context& context, const ListPartsRequest& request) {
  ORLOP_ASSIGN(auto uploads, list_uploads(context, request.key));
  if (std::ranges::find(uploads, request.upload_id, &UploadsReply::Upload::id) != uploads.end()) return {};
  return Error(Code::not_found, "there is no such upload");
}

void Uploads::sweep(const Context& context, const std::string& key, SystemTime since) {
  Context own = outlasting(context);
  auto uploads = list_uploads(own, key);
  if (!uploads) return;
  std::erase_if(*uploads, [&](const auto& upload) { return !upload.initiated || *upload.initiated < since; });
  // Two of them: one may be somebody else's, and which one cannot be told.
  if (uploads->size() != 1) return;
  const std::string& id = uploads->front().id;
  auto parts = list_parts(own, {key, id});
  if (parts && parts->empty()) (void)abort(own, {key, id});
}

Result<void> Uploads::abort(const Context& context, const AbortRequest& request) {
  Request drop{.operation = "AbortMultipartUpload",
               .method = "DELETE",
               .key = request.key,
               .query = upload_query(request.upload_id),
               .status = 204};
  drop.headers = upload_of(request.upload_id).headers;
  auto response = client_.send(context, drop);
  if (!response && response.error().code() != Code::not_found) return std::move(response).error();
  if (response) drain(**response);
  std::lock_guard lock(mutex_);
  uploads_.erase(request.upload_id);
  return {};
}

}  // namespace orlop::s3
