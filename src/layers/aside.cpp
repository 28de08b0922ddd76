// aside: what waits for a disk does so on a worker thread when others would have to wait with it.
#include "engine/aside.h"

#include "layers/layer.h"
#include "orlop/layers/layers.h"

namespace orlop::layers {

namespace {

class AsideReader final : public Reader {
 public:
  explicit AsideReader(std::unique_ptr<Reader> reader) : reader_(std::move(reader)) {}
  const Meta& meta() const noexcept override { return reader_->meta(); }
  Result<std::size_t> read(MutableBytes out) override {
    return engine::aside([&] { return reader_->read(out); });
  }

 private:
  std::unique_ptr<Reader> reader_;
};

class AsideWriter final : public Writer {
 public:
  explicit AsideWriter(std::unique_ptr<Writer> writer) : writer_(std::move(writer)) {}
  Result<void> write(Bytes bytes) override {
    return engine::aside([&] { return writer_->write(bytes); });
  }
  Result<void> write_from(const Payload& payload) override {
    return engine::aside([&] { return writer_->write_from(payload); });
  }
  Result<Meta> commit() override {
    return engine::aside([&] { return writer_->commit(); });
  }
  void abort() noexcept override { writer_->abort(); }

 private:
  std::unique_ptr<Writer> writer_;
};

class Aside final : public Layer<Aside> {
 public:
  explicit Aside(std::shared_ptr<Driver> next) : Layer(std::move(next), "aside") {}

  template <class Next>
  auto around(const Context& context, const Call&, Next&& next_call) -> decltype(next_call(context)) {
    return engine::aside([&] { return next_call(context); });
  }

  Result<std::unique_ptr<Reader>> wrap(const Context&, const ReadRequest&, std::unique_ptr<Reader> reader) {
    return std::unique_ptr<Reader>(std::make_unique<AsideReader>(std::move(reader)));
  }
  Result<std::unique_ptr<Writer>> wrap(const Context&, const WriteRequest&, std::unique_ptr<Writer> writer) {
    return std::unique_ptr<Writer>(std::make_unique<AsideWriter>(std::move(writer)));
  }
};

}  // namespace

std::shared_ptr<Driver> aside(std::shared_ptr<Driver> next) { return std::make_shared<Aside>(std::move(next)); }

}  // namespace orlop::layers
