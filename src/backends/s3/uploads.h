// Multipart uploads: create, parts, completion with its outcome made certain, abortion.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "backends/s3/client.h"
#include "backends/s3/wire.h"
#include "orlop/driver/multipart.h"

namespace orlop::s3 {

class Uploads final : public Multipart {
 public:
  explicit Uploads(Client& client) : client_(client) {}

  Result<std::string> begin(const Context& context, const BeginRequest& request) override;
  // An upload whose parts are copies: without checksums, which MinIO asks for and cannot make of a copy. (Amazon adds
  // its own.)
  Result<std::string> begin_copy(const Context& context, const BeginRequest& request);
  Result<Part> put_part(const Context& context, const PutPartRequest& request) override;
  // The part is a piece of an object that is there. `source`: the value of x-amz-copy-source.
  Result<Part> copy_part(const Context& context, const PutPartRequest& request, std::string_view source,
                         std::string_view source_etag, std::uint64_t offset, std::uint64_t length);
  Result<std::vector<Part>> list_parts(const Context& context, const ListPartsRequest& request) override;
  Result<Meta> complete(const Context& context, const CompleteRequest& request) override;
  Result<void> abort(const Context& context, const AbortRequest& request) override;

 private:
  // What the later requests of an upload must repeat of its first.
  struct Upload {
    std::vector<wire::Field> headers;
    ChecksumAlgorithm checksum = ChecksumAlgorithm::none;
  };
  enum class Outcome : std::uint8_t { done, open, unknown };

  Result<std::string> begin(const Context& context, const BeginRequest& request, bool summed);
  Upload upload_of(const std::string& id);
  Result<Meta> complete_once(const Context& context, const CompleteRequest& request);
  // Looks whether the object is the one these parts make, and else whether the upload is still there.
  Outcome settle(const Context& context, const CompleteRequest& request, Meta& meta);
  Result<std::vector<UploadsReply::Upload>> list_uploads(const Context& context, const std::string& key);
  // Whether it is one that has no parts yet. Errors: not_found.
  Result<void> check_known(const Context& context, const ListPartsRequest& request);
  // Removes the upload a lost answer may have left, so that nobody pays for what nobody knows of.
  void sweep(const Context& context, const std::string& key, SystemTime since);

  Client& client_;
  std::mutex mutex_;
  std::map<std::string, Upload, std::less<>> uploads_;
};

// The ETag services give an object of these parts: the MD5 of the parts' MD5s, and their number. Empty when the
// parts' ETags are no MD5s.
std::string multipart_etag(std::span<const Part> parts);
// The checksum of the whole from those of the parts; nothing when one is missing or they cannot be combined.
std::optional<Checksum> combined_checksum(std::span<const Part> parts);

}  // namespace orlop::s3
