#include "backends/s3/driver.h"

#include <fmt/core.h>

#include "backends/s3/buckets.h"
#include "backends/s3/client.h"
#include "backends/s3/copying.h"
#include "backends/s3/listing.h"
#include "backends/s3/objects.h"
#include "backends/s3/presigning.h"
#include "backends/s3/reader.h"
#include "backends/s3/removal.h"
#include "backends/s3/uploads.h"
#include "backends/s3/wire.h"
#include "engine/parts_writer.h"

namespace orlop::s3 {
namespace {

// Everything S3 can do; the dialect takes away.
constexpr Caps s3_caps = {
    Cap::read_suffix, Cap::read_conditions, Cap::put_create,   Cap::put_match,        Cap::write_create,
    Cap::write_match, Cap::versions,        Cap::copy,         Cap::copy_create,      Cap::public_url,
    Cap::presign_get, Cap::presign_put,     Cap::presign_post, Cap::presign_checksum, Cap::multipart,
    Cap::put_atomic,  Cap::content_type,    Cap::attrs,        Cap::user_metadata,    Cap::etag,
    Cap::list_sorted, Cap::start_after,     Cap::checksum};

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
constexpr std::uint64_t gibi = 1ULL << 30;

DriverInfo make_info(const Config& config) {
  DriverInfo info{"s3", config.bucket, s3_caps, {}};
  for (unsigned cap = 0; cap < static_cast<unsigned>(Cap::count_); ++cap) {
    if (config.dialect->lowered.has(static_cast<Cap>(cap))) info.caps.remove(static_cast<Cap>(cap));
  }
  if (config.checksum == ChecksumAlgorithm::none) info.caps.remove(Cap::checksum);
  if (config.credentials->is_anonymous()) {
    for (Cap cap : {Cap::presign_get, Cap::presign_put, Cap::presign_post, Cap::presign_checksum})
      info.caps.remove(cap);
  }
  info.limits.key_bytes = 1024;
  info.limits.put_max = 5 * gibi;
  info.limits.part_min = 5 << 20;
  info.limits.part_max = 5 * gibi;
  info.limits.parts_max = 10'000;
  info.limits.object_max = 5ULL << 40;
  info.limits.copy_max = config.copy_limit.value_or(5 * gibi);
  info.limits.remove_batch = config.dialect->remove_batch;
  info.limits.page_max = 1000;
  return info;
}

class S3Driver final : public Driver {
 public:
  explicit S3Driver(std::shared_ptr<Client> client)
      : info_(make_info(client->config())), shared_(std::move(client)), client_(*shared_), uploads_(client_) {}

  const DriverInfo& info() const noexcept override { return info_; }

  Result<Meta> stat(const Context& context, const StatRequest& request) override {
    ORLOP_TRY(check_key(request.key));
    return stat_object(client_, context, request);
  }
  Result<std::unique_ptr<Reader>> read(const Context& context, const ReadRequest& request) override {
    ORLOP_TRY(check_key(request.key));
    return read_object(client_, context, request);
  }
  Result<Meta> put(const Context& context, const PutRequest& request) override {
    ORLOP_TRY(check_key(request.key));
    ORLOP_TRY(check_mode(request.mode, Cap::put_create, Cap::put_match));
    return put_object(client_, context, request);
  }
  Result<std::unique_ptr<Writer>> write(const Context& context, const WriteRequest& request) override {
    ORLOP_TRY(check_key(request.key));
    ORLOP_TRY(check_mode(request.mode, Cap::write_create, Cap::write_match));
    engine::PartOptions options{.part_size = client_.config().part_size,
                                .concurrency = client_.config().concurrency,
                                .equal_parts = client_.dialect().equal_parts};
    return engine::parts_writer(*this, context, request, options);
  }
  Result<Page> list(const Context& context, const ListRequest& request) override {
    return list_page(client_, context, request);
  }
  Result<RemoveResults> remove(const Context& context, const RemoveRequest& request) override {
    for (const std::string& key : request.keys) ORLOP_TRY(check_key(key));
    if (request.keys.size() > info_.limits.remove_batch) {
      return Error(Code::invalid_argument,
                   fmt::format("at most {} keys can be removed at once", info_.limits.remove_batch));
    }
    return remove_objects(client_, context, request);
  }
  Result<Meta> copy(const Context& context, const CopyRequest& request) override {
    ORLOP_TRY(check_key(request.from));
    ORLOP_TRY(check_key(request.to));
    ORLOP_TRY(check_mode(request.mode, Cap::copy_create, Cap::copy_create));
    return copy_object(client_, uploads_, context, request);
  }
  Result<void> move(const Context&, const CopyRequest&) override {
    return Error(Code::unsupported, "S3 cannot rename; copy and remove");
  }
  Result<std::string> public_url(std::string_view key) const override {
    ORLOP_TRY(check_key(key));
    return public_address(client_, key);
  }
  Result<Presigned> presign(const Context& context, const PresignRequest& request) override {
    ORLOP_TRY(check_key(request.key));
    return presign_request(client_, presign_memo_, context, request);
  }
  Multipart* multipart() noexcept override { return &uploads_; }

 private:
  // Without a key the request would concern the bucket.
  Result<void> check_key(std::string_view key) const {
    if (key.empty()) return Error(Code::invalid_argument, "the key is empty");
    const Dialect& dialect = client_.dialect();
    if ((odd_key(key) & dialect.refused_keys) == 0) return {};
    return Error(Code::invalid_argument,
                 fmt::format("services of the dialect {} do not keep such a key as it is (a slash "
                             "at an end or twice, or a segment of dots)",
                             dialect.name));
  }
  Result<void> check_mode(PutMode mode, Cap create, Cap match) const {
    bool able = mode == PutMode::overwrite || info_.caps.has(mode == PutMode::create ? create : match);
    if (able) return {};
    return Error(Code::unsupported, fmt::format("the dialect {} has no such condition", client_.dialect().name));
  }

  const DriverInfo info_;
  const std::shared_ptr<Client> shared_;
  Client& client_;
  Uploads uploads_;
  PresignMemo presign_memo_;
};

}  // namespace

std::shared_ptr<Driver> make_driver(Config config, std::shared_ptr<net::HttpTransport> transport) {
  return make_driver(std::make_shared<Client>(std::move(config), std::move(transport)));
}

std::shared_ptr<Driver> make_driver(std::shared_ptr<Client> client) {
  return std::make_shared<S3Driver>(std::move(client));
}

Result<void> make_bucket(Config config, std::shared_ptr<net::HttpTransport> transport, const Context& context) {
  config.amazon.accelerate = false;  // it makes no buckets
  Client client(std::move(config), std::move(transport));
  auto made = create_bucket(client, context, {}, client.config().bucket_acl);
  if (made || made.error().service_code() == "BucketAlreadyOwnedByYou") return {};
  return made;
}

}  // namespace orlop::s3
