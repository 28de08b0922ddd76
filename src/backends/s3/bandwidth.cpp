#include "backends/s3/bandwidth.h"

#include <algorithm>

namespace orlop::s3 {
namespace {

template <class Inner>
Result<std::size_t> read_limited(Inner& inner, MutableBytes out, const Context& context, engine::Bandwidth& bandwidth) {
  ORLOP_ASSIGN(std::size_t n, inner.read(out.first(std::min(out.size(), bandwidth.slice()))));
  if (n > 0) ORLOP_TRY(bandwidth.take(context, n));
  return n;
}

class LimitedSource final : public UploadSource {
 public:
  LimitedSource(std::unique_ptr<UploadSource> inner, const Context& context, SharedBandwidth bandwidth)
      : inner_(std::move(inner)), context_(context), bandwidth_(std::move(bandwidth)) {}
  std::uint64_t size() const noexcept override { return inner_->size(); }
  void rewind() noexcept override { inner_->rewind(); }
  std::optional<Checksum> checksum() const override { return inner_->checksum(); }
  Result<std::size_t> read(MutableBytes out) override { return read_limited(*inner_, out, context_, *bandwidth_); }

 private:
  const std::unique_ptr<UploadSource> inner_;
  const Context context_;
  const SharedBandwidth bandwidth_;
};

class LimitedResponse final : public net::HttpResponse {
 public:
  LimitedResponse(std::unique_ptr<net::HttpResponse> inner, const Context& context, SharedBandwidth bandwidth)
      : inner_(std::move(inner)), context_(context), bandwidth_(std::move(bandwidth)) {}
  int status() const noexcept override { return inner_->status(); }
  const net::HttpHeaders& headers() const noexcept override { return inner_->headers(); }
  Result<std::size_t> read(MutableBytes out) override { return read_limited(*inner_, out, context_, *bandwidth_); }

 private:
  const std::unique_ptr<net::HttpResponse> inner_;
  const Context context_;
  const SharedBandwidth bandwidth_;
};

}  // namespace

void limit_upload(UploadBody& body, const Context& context, const SharedBandwidth& bandwidth) {
  if (bandwidth) body.source = std::make_unique<LimitedSource>(std::move(body.source), context, bandwidth);
}

std::unique_ptr<net::HttpResponse> limit_download(std::unique_ptr<net::HttpResponse> response, const Context& context,
                                                  const SharedBandwidth& bandwidth) {
  if (!bandwidth) return response;
  return std::make_unique<LimitedResponse>(std::move(response), context, bandwidth);
}

}  // namespace orlop::s3
