// prefix: a part of a store that looks like a whole one.
#include <algorithm>
#include <array>
#include <cstring>

#include "layers/layer.h"
#include "orlop/layers/layers.h"

namespace orlop::layers {

namespace {

// prefix + key without an allocation for keys of usual length.
class FullKey {
 public:
  FullKey(std::string_view prefix, std::string_view key) {
    char* target = short_.data();
    std::size_t size = prefix.size() + key.size();
    if (size > short_.size()) {
      long_.resize(size);
      target = long_.data();
    }
    std::memcpy(target, prefix.data(), prefix.size());
    if (!key.empty()) std::memcpy(target + prefix.size(), key.data(), key.size());
    view_ = {target, size};
  }
  FullKey(const FullKey&) = delete;
  FullKey& operator=(const FullKey&) = delete;

  operator std::string_view() const noexcept { return view_; }

 private:
  std::array<char, 256> short_;
  std::string long_;
  std::string_view view_;
};

template <class Request>
Request prefixed(const std::string& prefix, const Request& request) {
  Request full = request;
  full.key.insert(0, prefix);
  return full;
}

class PrefixParts final : public Multipart {
 public:
  PrefixParts(Multipart& next, const std::string& prefix) : next_(next), prefix_(prefix) {}

  Result<std::string> begin(const Context& context, const BeginRequest& request) override {
    return next_.begin(context, prefixed(prefix_, request));
  }
  Result<Part> put_part(const Context& context, const PutPartRequest& request) override {
    return next_.put_part(context, prefixed(prefix_, request));
  }
  Result<std::vector<Part>> list_parts(const Context& context, const ListPartsRequest& request) override {
    return next_.list_parts(context, prefixed(prefix_, request));
  }
  Result<Meta> complete(const Context& context, const CompleteRequest& request) override {
    return next_.complete(context, prefixed(prefix_, request));
  }
  Result<void> abort(const Context& context, const AbortRequest& request) override {
    return next_.abort(context, prefixed(prefix_, request));
  }

 private:
  Multipart& next_;
  const std::string& prefix_;
};

class Prefix final : public Driver {
 public:
  Prefix(std::shared_ptr<Driver> next, std::string prefix)
      : next_(std::move(next)), prefix_(std::move(prefix)), info_(with_layer(next_->info(), "prefix")) {
    if (!prefix_.empty() && !prefix_.ends_with('/')) prefix_ += '/';
    if (info_.limits.key_bytes != Limits::none) {
      info_.limits.key_bytes -= std::min<std::uint64_t>(info_.limits.key_bytes, prefix_.size());
    }
    if (Multipart* parts = next_->multipart()) parts_ = std::make_unique<PrefixParts>(*parts, prefix_);
  }

  const DriverInfo& info() const noexcept override { return info_; }

  Result<Meta> stat(const Context& context, const StatRequest& request) override {
    return with_key(request, [&](const StatRequest& full) { return next_->stat(context, full); });
  }
  Result<std::unique_ptr<Reader>> read(const Context& context, const ReadRequest& request) override {
    return with_key(request, [&](const ReadRequest& full) { return next_->read(context, full); });
  }
  Result<Meta> put(const Context& context, const PutRequest& request) override {
    return with_key(request, [&](const PutRequest& full) { return next_->put(context, full); });
  }
  Result<std::unique_ptr<Writer>> write(const Context& context, const WriteRequest& request) override {
    return next_->write(context, prefixed(prefix_, request));
  }

  Result<Page> list(const Context& context, const ListRequest& request) override {
    ListRequest full = request;
    full.prefix.insert(0, prefix_);
    if (!full.start_after.empty()) full.start_after.insert(0, prefix_);
    ORLOP_ASSIGN(Page page, next_->list(context, full));
    for (Entry& entry : page.entries) {
      if (!entry.key.starts_with(prefix_)) {
        return Error(Code::data_corrupted, "the listing holds a key outside of the prefix that was asked for");
      }
      entry.key.erase(0, prefix_.size());
    }
    return page;
  }

  Result<RemoveResults> remove(const Context& context, const RemoveRequest& request) override {
    RemoveRequest full = request;
    for (std::string& key : full.keys) key.insert(0, prefix_);
    return next_->remove(context, full);
  }
  Result<Meta> copy(const Context& context, const CopyRequest& request) override {
    return with_keys(request, [&](const CopyRequest& full) { return next_->copy(context, full); });
  }
  Result<void> move(const Context& context, const CopyRequest& request) override {
    return with_keys(request, [&](const CopyRequest& full) { return next_->move(context, full); });
  }
  Result<std::string> public_url(std::string_view key) const override {
    return next_->public_url(FullKey(prefix_, key));
  }
  Result<Presigned> presign(const Context& context, const PresignRequest& request) override {
    return with_key(request, [&](const PresignRequest& full) { return next_->presign(context, full); });
  }
  Multipart* multipart() noexcept override { return parts_.get(); }

 private:
  template <class Request, class Next>
  auto with_key(const Request& request, Next&& next_call) const -> decltype(next_call(request)) {
    FullKey key(prefix_, request.key);
    Request full = request;
    full.key = key;
    return next_call(full);
  }

  template <class Next>
  auto with_keys(const CopyRequest& request, Next&& next_call) const -> decltype(next_call(request)) {
    FullKey from(prefix_, request.from);
    FullKey to(prefix_, request.to);
    CopyRequest full = request;
    full.from = from;
    full.to = to;
    return next_call(full);
  }

  std::shared_ptr<Driver> next_;
  std::string prefix_;
  DriverInfo info_;
  std::unique_ptr<Multipart> parts_;
};

}  // namespace

std::shared_ptr<Driver> prefix(std::shared_ptr<Driver> next, std::string prefix) {
  return std::make_shared<Prefix>(std::move(next), std::move(prefix));
}

}  // namespace orlop::layers
