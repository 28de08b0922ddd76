// Storage: copies and moves, on the server or through here.
#include <algorithm>
#include <vector>

#include "core/storage_names.h"
#include "orlop/storage.h"

namespace orlop {

namespace {

constexpr std::size_t copied_at_once = 256 << 10;

// What the source says of its provider's features is an answer, not a request: it is not repeated.
Attrs portable(Attrs attrs) {
  attrs.provider.clear();
  return attrs;
}

Result<void> pump(Reader& reader, Writer& writer) {
  std::vector<std::byte> block(static_cast<std::size_t>(std::min<std::uint64_t>(copied_at_once, reader.meta().size)));
  while (!block.empty()) {
    ORLOP_ASSIGN(std::size_t n, reader.read(block));
    if (n == 0) break;
    ORLOP_TRY(writer.write(Bytes(block.data(), n)));
  }
  return {};
}

}  // namespace

Result<void> Storage::copy(std::string_view from, std::string_view to, const Context& context) const {
  ORLOP_TRY(check_inside(from));
  ORLOP_TRY(check_inside(to));
  Context inner = limited(context);
  if (info().caps.has(Cap::copy)) {
    auto copied = driver_->copy(inner, {.from = from, .to = to});
    if (copied) return {};
    if (copied.error().code() != Code::unsupported) return std::move(copied).error();
  }
  return stream_copy(from, to, inner);
}

Result<void> Storage::stream_copy(std::string_view from, std::string_view to, const Context& context) const {
  ORLOP_ASSIGN(std::unique_ptr<Reader> reader, driver_->read(context, {.key = from}));
  const Meta& meta = reader->meta();
  WriteRequest request{.key = std::string(to), .attrs = portable(meta.attrs)};
  request.size = meta.size;
  ORLOP_ASSIGN(std::unique_ptr<Writer> writer, driver_->write(context, request));
  ORLOP_TRY(pump(*reader, *writer));
  ORLOP_TRY(writer->commit());
  return {};
}

Result<void> Storage::move(std::string_view from, std::string_view to, const Context& context) const {
  ORLOP_TRY(check_inside(from));
  ORLOP_TRY(check_inside(to));
  if (info().caps.has(Cap::move)) {
    auto moved = driver_->move(limited(context), {.from = from, .to = to});
    if (moved || moved.error().code() != Code::unsupported) return moved;
  }
  // Copying onto itself and removing the source would lose the object.
  if (from == to) {
    ORLOP_TRY(stat(from, context));
    return {};
  }
  ORLOP_TRY(copy(from, to, context));
  return remove(from, context);
}

}  // namespace orlop
