// Around: a layer that says only what it does around a call.
//
// Derive as `class MyLayer : public Around<MyLayer>` and write
//   template <class Next> auto around(const Context& context, const Call& call, Next&& next) ->
//   decltype(next(context));
// All twelve operations and the multipart interface go through it. Override an operation to change that one only, and
// wrap() to see the bytes of readers and writers.
#pragma once

#include <memory>
#include <utility>

#include "orlop/driver/driver.h"

namespace orlop {

struct Call {
  std::string_view operation;
  std::string_view key;
  // True when repeating the call can do no harm. A put or complete with a condition is not: its first attempt may
  // have succeeded unheard.
  bool replayable = true;
};

template <class Self>
class Around : public Driver {
 public:
  explicit Around(std::shared_ptr<Driver> next)
      : next_(std::move(next)), multipart_(next_->multipart() ? std::make_unique<Parts>(*this) : nullptr) {}

  const DriverInfo& info() const noexcept override { return next_->info(); }

  Result<Meta> stat(const Context& context, const StatRequest& request) override {
    return self().around(context, Call{"stat", request.key},
                         [&](const Context& inner) { return next_->stat(inner, request); });
  }
  Result<std::unique_ptr<Reader>> read(const Context& context, const ReadRequest& request) override {
    auto reader = self().around(context, Call{"read", request.key},
                                [&](const Context& inner) { return next_->read(inner, request); });
    if (!reader) return reader;
    return self().wrap(context, request, *std::move(reader));
  }
  Result<Meta> put(const Context& context, const PutRequest& request) override {
    return self().around(context, Call{"put", request.key, request.mode == PutMode::overwrite},
                         [&](const Context& inner) { return next_->put(inner, request); });
  }
  Result<std::unique_ptr<Writer>> write(const Context& context, const WriteRequest& request) override {
    auto writer = self().around(context, Call{"write", request.key},
                                [&](const Context& inner) { return next_->write(inner, request); });
    if (!writer) return writer;
    return self().wrap(context, request, *std::move(writer));
  }
  Result<Page> list(const Context& context, const ListRequest& request) override {
    return self().around(context, Call{"list", request.prefix},
                         [&](const Context& inner) { return next_->list(inner, request); });
  }
  Result<RemoveResults> remove(const Context& context, const RemoveRequest& request) override {
    std::string_view key = request.keys.empty() ? std::string_view{} : request.keys.front();
    return self().around(context, Call{"remove", key},
                         [&](const Context& inner) { return next_->remove(inner, request); });
  }
  Result<Meta> copy(const Context& context, const CopyRequest& request) override {
    return self().around(context, Call{"copy", request.from, request.mode == PutMode::overwrite},
                         [&](const Context& inner) { return next_->copy(inner, request); });
  }
  Result<void> move(const Context& context, const CopyRequest& request) override {
    return self().around(context, Call{"move", request.from, false},
                         [&](const Context& inner) { return next_->move(inner, request); });
  }
  Result<std::string> public_url(std::string_view key) const override { return next_->public_url(key); }
  Result<Presigned> presign(const Context& context, const PresignRequest& request) override {
    return self().around(context, Call{"presign", request.key},
                         [&](const Context& inner) { return next_->presign(inner, request); });
  }
  Multipart* multipart() noexcept override { return multipart_.get(); }

  // Hooks for bodies; pass them through unchanged unless redefined in Self.
  Result<std::unique_ptr<Reader>> wrap(const Context&, const ReadRequest&, std::unique_ptr<Reader> reader) {
    return reader;
  }
  Result<std::unique_ptr<Writer>> wrap(const Context&, const WriteRequest&, std::unique_ptr<Writer> writer) {
    return writer;
  }

 protected:
  Driver& next() const noexcept { return *next_; }

 private:
  class Parts final : public Multipart {
   public:
    explicit Parts(Around& layer) : layer_(layer) {}
    Result<std::string> begin(const Context& context, const BeginRequest& request) override {
      return layer_.self().around(context, Call{"begin", request.key}, [&](const Context& inner) {
        return layer_.next_->multipart()->begin(inner, request);
      });
    }
    Result<Part> put_part(const Context& context, const PutPartRequest& request) override {
      return layer_.self().around(context, Call{"put_part", request.key}, [&](const Context& inner) {
        return layer_.next_->multipart()->put_part(inner, request);
      });
    }
    Result<std::vector<Part>> list_parts(const Context& context, const ListPartsRequest& request) override {
      return layer_.self().around(context, Call{"list_parts", request.key}, [&](const Context& inner) {
        return layer_.next_->multipart()->list_parts(inner, request);
      });
    }
    // Drivers settle an ambiguous complete themselves: they know the parts' etags.
    Result<Meta> complete(const Context& context, const CompleteRequest& request) override {
      return layer_.self().around(context, Call{"complete", request.key, false}, [&](const Context& inner) {
        return layer_.next_->multipart()->complete(inner, request);
      });
    }
    Result<void> abort(const Context& context, const AbortRequest& request) override {
      return layer_.self().around(context, Call{"abort", request.key}, [&](const Context& inner) {
        return layer_.next_->multipart()->abort(inner, request);
      });
    }

   private:
    Around& layer_;
  };

  Self& self() noexcept { return static_cast<Self&>(*this); }

  std::shared_ptr<Driver> next_;
  std::unique_ptr<Multipart> multipart_;
};

}  // namespace orlop
