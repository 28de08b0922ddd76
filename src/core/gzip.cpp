#include "core/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string>

namespace orlop {

bool is_text_like(std::string_view content_type) noexcept {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  constexpr std::array<std::string_view, 6> others = {"application/javascript", "application/x-javascript",
                                                      "application/json",       "application/xml",
                                                      "application/rtf",        "application/sql"};
  return type.starts_with("text/") || type.ends_with("+xml") || type.ends_with("+json") ||
         std::find(others.begin(), others.end(), type) != others.end();
}

struct GzipFilter::Stream {
  z_stream z{};
  bool ready = false;
  std::array<std::byte, 64 << 10> out;
};

GzipFilter::GzipFilter() : stream_(std::make_unique<Stream>()) {
  constexpr int gzip_window = 15 + 16;  // the largest window, with a gzip header: zlib.h, deflateInit2
  constexpr int memory_level = 8;
  stream_->ready =
      deflateInit2(&stream_->z, Z_BEST_COMPRESSION, Z_DEFLATED, gzip_window, memory_level, Z_DEFAULT_STRATEGY) == Z_OK;
}

GzipFilter::~GzipFilter() {
  if (stream_->ready) deflateEnd(&stream_->z);
}

Result<void> GzipFilter::write(Bytes bytes, const Sink& sink) {
  constexpr std::size_t most = std::numeric_limits<uInt>::max();
  while (!bytes.empty()) {
    Bytes piece = bytes.first(std::min(most, bytes.size()));
    ORLOP_TRY(run(piece, Z_NO_FLUSH, sink));
    bytes = bytes.subspan(piece.size());
  }
  return {};
}

Result<void> GzipFilter::finish(const Sink& sink) { return run({}, Z_FINISH, sink); }

Result<void> GzipFilter::run(Bytes bytes, int flush, const Sink& sink) {
  if (!stream_->ready) return Error(Code::unavailable, "no memory to compress with");
  z_stream& z = stream_->z;
  z.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));  // zlib does not write there
  z.avail_in = static_cast<uInt>(bytes.size());
  do {
    z.next_out = reinterpret_cast<Bytef*>(stream_->out.data());
    z.avail_out = static_cast<uInt>(stream_->out.size());
    deflate(&z, flush);
    std::size_t made = stream_->out.size() - z.avail_out;
    if (made > 0) ORLOP_TRY(sink(Bytes(stream_->out.data(), made)));
  } while (z.avail_out == 0);
  return {};
}

Result<std::string> gzip(const Payload& payload) {
  std::string packed;
  GzipFilter filter;
  GzipFilter::Sink sink = [&](Bytes bytes) {
    packed.append(as_text(bytes));
    return Result<void>{};
  };
  std::array<std::byte, 64 << 10> block;
  for (std::uint64_t done = 0; done < payload.size();) {
    ORLOP_ASSIGN(std::size_t n, payload.read_at(done, block));
    ORLOP_TRY(filter.write(Bytes(block.data(), n), sink));
    done += n;
  }
  ORLOP_TRY(filter.finish(sink));
  return packed;
}

namespace {

class GzipWriter final : public Writer {
 public:
  explicit GzipWriter(std::unique_ptr<Writer> target) : target_(std::move(target)) {}

  Result<void> write(Bytes bytes) override { return filter_.write(bytes, to_target()); }
  Result<Meta> commit() override {
    ORLOP_TRY(filter_.finish(to_target()));
    return target_->commit();
  }
  void abort() noexcept override { target_->abort(); }

 private:
  GzipFilter::Sink to_target() {
    return [this](Bytes bytes) { return target_->write(bytes); };
  }

  std::unique_ptr<Writer> target_;
  GzipFilter filter_;
};

}  // namespace

std::unique_ptr<Writer> gzip_writer(std::unique_ptr<Writer> target) {
  return std::make_unique<GzipWriter>(std::move(target));
}

}  // namespace orlop
