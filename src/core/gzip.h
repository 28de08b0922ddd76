// gzip for stored objects: which types are worth it, and the filter.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "orlop/driver/writer.h"
#include "orlop/types.h"

namespace orlop {

// Text and what is text underneath (XML, JSON, scripts).
bool is_text_like(std::string_view content_type) noexcept;

// Makes one gzip member (RFC 1952) of what it is fed: level 9, no time, no name, so that equal content gives equal
// bytes.
class GzipFilter {
 public:
  using Sink = std::function<Result<void>(Bytes)>;

  GzipFilter();
  ~GzipFilter();
  GzipFilter(const GzipFilter&) = delete;
  GzipFilter& operator=(const GzipFilter&) = delete;

  Result<void> write(Bytes bytes, const Sink& sink);
  Result<void> finish(const Sink& sink);

 private:
  struct Stream;
  Result<void> run(Bytes bytes, int flush, const Sink& sink);

  std::unique_ptr<Stream> stream_;
};

Result<std::string> gzip(const Payload& payload);

// A writer that compresses into `target`.
std::unique_ptr<Writer> gzip_writer(std::unique_ptr<Writer> target);

}  // namespace orlop
