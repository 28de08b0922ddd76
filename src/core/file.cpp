// File: sequential reads from one open body, seeks that cost nothing until they must.
#include "orlop/file.h"

#include <algorithm>
#include <array>
#include <limits>

namespace orlop {

namespace {

// Reading on is cheaper than another request up to about what travels during one round trip.
constexpr std::uint64_t skip_limit = 256 << 10;

// After a seek nobody knows how much will be read. Asking for little lets the connection be used again; asking for
// more each time the reading goes on keeps the requests few.
constexpr std::uint64_t first_window = 256 << 10;
constexpr std::uint64_t largest_window = 64 << 20;

}  // namespace

struct File::State {
  std::shared_ptr<Driver> driver;
  std::string name;
  StringMap provider;
  bool has_provider = false;
  Context context;
  Meta meta;
  std::string version;

  std::unique_ptr<Reader> reader;
  std::uint64_t reader_position = 0;  // of the next byte `reader` gives
  std::uint64_t reader_end = 0;       // where it stops
  std::uint64_t position = 0;
  std::uint64_t window = first_window;

  Result<std::size_t> read(MutableBytes out);
  Result<void> reach_position(std::size_t wanted);
  Result<void> skip();
  Result<void> reopen(std::size_t wanted);
};

Result<std::size_t> File::State::read(MutableBytes out) {
  if (out.empty() || position >= meta.size) return std::size_t{0};
  ORLOP_TRY(reach_position(out.size()));
  auto n = reader->read(out);
  if (!n) {
    reader.reset();
    return n;
  }
  if (*n == 0) {
    reader.reset();
    return Error(Code::data_corrupted, "the object ended before its announced size");
  }
  reader_position += *n;
  position = reader_position;
  return n;
}

Result<void> File::State::reach_position(std::size_t wanted) {
  bool within = reader && position >= reader_position && position < reader_end;
  if (within && position - reader_position <= skip_limit) return skip();
  return reopen(wanted);
}

Result<void> File::State::skip() {
  std::array<std::byte, 16 << 10> waste;
  while (reader_position < position) {
    auto step = static_cast<std::size_t>(std::min<std::uint64_t>(waste.size(), position - reader_position));
    auto n = reader->read(MutableBytes(waste.data(), step));
    if (n && *n == 0) n = Error(Code::data_corrupted, "the object ended before its announced size");
    if (!n) {
      reader.reset();
      return std::move(n).error();
    }
    reader_position += *n;
  }
  return {};
}

Result<void> File::State::reopen(std::size_t wanted) {
  bool goes_on = reader_end != 0 && position == reader_end;
  window = goes_on ? std::min(window * 4, largest_window) : first_window;
  reader.reset();
  std::uint64_t length = std::max<std::uint64_t>(window, wanted);
  bool to_the_end = length >= meta.size - position;
  ReadRequest request{
      .key = name, .range = to_the_end ? Range::from(position) : Range::bounded(position, length), .version = version};
  if (has_provider) request.provider = &provider;
  if (version.empty() && driver->info().caps.has(Cap::read_conditions)) request.conditions.if_match = meta.etag;
  ORLOP_ASSIGN(std::unique_ptr<Reader> opened, driver->read(context, request));
  const Meta& present = opened->meta();
  if (present.size != meta.size || present.etag != meta.etag || present.modified != meta.modified) {
    return Error(Code::precondition_failed, "the object was replaced after it was opened");
  }
  reader = std::move(opened);
  reader_position = position;
  reader_end = to_the_end ? meta.size : position + length;
  return {};
}

Result<File> File::open(std::shared_ptr<Driver> driver, const ReadRequest& request, const Context& context) {
  if (request.range != Range::all())
    return Error(Code::invalid_argument, "a file is opened whole, and seeks by itself");
  ORLOP_ASSIGN(std::unique_ptr<Reader> reader, driver->read(context, request));
  auto state = std::make_unique<State>();
  state->meta = reader->meta();
  state->version = request.version;
  // A known version stays readable after the object was replaced.
  if (state->version.empty() && driver->info().caps.has(Cap::versions)) state->version = state->meta.version;
  state->driver = std::move(driver);
  state->name = request.key;
  if (request.provider) {
    state->provider = *request.provider;
    state->has_provider = true;
  }
  state->context = context;
  state->reader = std::move(reader);
  state->reader_end = state->meta.size;
  return File(std::move(state));
}

File::File(std::unique_ptr<State> state) : state_(std::move(state)) {}
File::File(File&&) noexcept = default;
File& File::operator=(File&&) noexcept = default;
File::~File() = default;

const std::string& File::name() const noexcept { return state_->name; }
const Meta& File::meta() const noexcept { return state_->meta; }
std::uint64_t File::size() const noexcept { return state_->meta.size; }
std::uint64_t File::position() const noexcept { return state_->position; }
void File::seek(std::uint64_t position) noexcept { state_->position = position; }

Result<std::size_t> File::read(MutableBytes out) { return state_->read(out); }

Result<std::string> File::read_all() {
  // A size is a claim of the service: memory is taken as the bytes arrive.
  constexpr std::uint64_t step = 8 << 20;
  std::string all;
  while (state_->position < state_->meta.size) {
    std::size_t done = all.size();
    all.resize(done + static_cast<std::size_t>(std::min(step, state_->meta.size - state_->position)));
    while (done < all.size()) {
      ORLOP_ASSIGN(std::size_t n, read(std::as_writable_bytes(std::span(all).subspan(done))));
      done += n;
    }
  }
  return all;
}

}  // namespace orlop
