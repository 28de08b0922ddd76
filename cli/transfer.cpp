#include "cli/transfer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "cli/paths.h"
#include "orlop/naming.h"

namespace orlop::cli {
namespace {

constexpr std::size_t buffer_size = 1 << 20;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ > STDERR_FILENO) ::close(fd_);
  }
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

Error interrupted() { return Error(Code::canceled, "interrupted"); }

bool is_regular(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode);
}

const std::string& take_over(const std::string& given, const std::string& old) { return given.empty() ? old : given; }

bool in_one_container(const Target& from, const Target& to) {
  return from.is_remote() && to.is_remote() && from.container->name == to.container->name &&
         from.container->url == to.container->url;
}

}  // namespace

// Turns "so far" reports of one transfer, from any thread, into steps of the whole progress.
class Transfer::Counter {
 public:
  explicit Counter(Progress& progress) : progress_(progress) {}
  Storage::Progress callback() {
    return [this](std::uint64_t done) {
      std::uint64_t before = done_.exchange(done);
      progress_.add_bytes(static_cast<std::int64_t>(done - before));
    };
  }
  void add(std::size_t bytes) { progress_.add_bytes(static_cast<std::int64_t>(bytes)); }

 private:
  Progress& progress_;
  std::atomic<std::uint64_t> done_ = 0;
};

Result<std::uint64_t> Transfer::run(const Target& from, const Target& to) {
  if (same_place(from, to)) return Error(Code::invalid_argument, "source and destination are the same");
  if (from.is_stream()) return upload_stream(STDIN_FILENO, to);
  if (to.is_stream()) {
    ORLOP_ASSIGN(Place place, place_of(session_, from));
    ORLOP_ASSIGN(auto reader, place.storage.driver()->read(session_.context(), {.key = place.key}));
    return pour(session_, *reader, progress_);
  }
  if (to.is_local()) ORLOP_TRY(make_parents(to.key));
  if (options_.remove_source) {
    auto moved = rename(from, to);
    if (moved) return std::uint64_t{0};
    if (moved.error().code() != Code::unsupported) return std::move(moved).error();
  }
  ORLOP_ASSIGN(std::uint64_t size, copy(from, to));
  if (options_.remove_source) ORLOP_TRY(remove_source(from));
  return size;
}

Result<std::uint64_t> Transfer::copy(const Target& from, const Target& to) {
  if (in_one_container(from, to)) return copy_within(from, to);
  if (on_one_service(from, to)) return copy_between(from, to);
  if (from.is_local() && to.is_remote()) return upload(from, to);
  // Only a driver's writer can leave a taken name alone without a race.
  const bool odd = from.is_remote() && !naming::check_relative(from.key);
  if (to.is_remote() || options_.no_clobber || odd) return copy_through_here(from, to);
  return download(from, to);
}

Result<std::uint64_t> Transfer::upload(const Target& from, const Target& to) {
  const bool regular = is_regular(from.key);  // else a pipe, as in `orlop cp <(command) s3://...`
  if (!regular || naming::clean_name(to.key) != to.key) {
    Descriptor source(::open(from.key.c_str(), O_RDONLY | O_CLOEXEC));
    return source.get() < 0 ? Result<std::uint64_t>(system_error({}, errno)) : upload_stream(source.get(), to);
  }
  ORLOP_ASSIGN(Storage storage, session_.open(to));
  std::error_code failure;
  const std::uint64_t size = std::filesystem::file_size(from.key, failure);
  if (failure) return system_error({}, failure.value());
  Counter counter(progress_);
  ORLOP_TRY(storage.upload(from.key, to.key, save_options(), session_.context(), counter.callback()));
  counter.callback()(size);
  return size;
}

// Storage::create tidies names as Django does; here they are verbatim, and only gzip needs it.
Result<std::unique_ptr<Writer>> Transfer::create(const Place& place, const Target& to) {
  if (options_.gzip) {
    if (naming::clean_name(place.key) == place.key) {
      return place.storage.create(place.key, save_options(), session_.context());
    }
    return Error(Code::invalid_argument, "--gzip and a name with empty or dotted parts do not go together");
  }
  WriteRequest request;
  request.key = place.key;
  request.mode = mode();
  if (to.is_remote()) {
    auto [type, encoding] = naming::guess_type(place.key);
    request.attrs.content_type = type;
    request.attrs.content_encoding = encoding;
    request.attrs = merged(std::move(request.attrs));
  }
  return place.storage.driver()->write(session_.context(), request);
}

Result<std::uint64_t> Transfer::upload_stream(int fd, const Target& to) {
  if (to.is_stream()) return Error(Code::invalid_argument, "write a destination: both are -");
  if (to.is_local()) ORLOP_TRY(make_parents(to.key));
  ORLOP_ASSIGN(Place place, place_of(session_, to));
  ORLOP_ASSIGN(auto writer, create(place, to));
  std::vector<std::byte> buffer(buffer_size);
  std::uint64_t total = 0;
  Counter counter(progress_);
  for (;;) {
    ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (session_.stopped()) return interrupted();
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("what is read", errno);
    if (count == 0) break;
    ORLOP_TRY(writer->write(Bytes(buffer).first(static_cast<std::size_t>(count))));
    total += static_cast<std::uint64_t>(count);
    counter.add(static_cast<std::size_t>(count));
  }
  ORLOP_TRY(writer->commit());
  return total;
}

Result<std::uint64_t> Transfer::download(const Target& from, const Target& to) {
  ORLOP_ASSIGN(Place place, place_of(session_, from));
  Counter counter(progress_);
  ORLOP_ASSIGN(Meta meta, place.storage.download(place.key, to.key, session_.context(), counter.callback()));
  counter.callback()(meta.size);
  return meta.size;
}

// On the server, where it can.
Result<std::uint64_t> Transfer::copy_within(const Target& from, const Target& to) {
  ORLOP_ASSIGN(Storage storage, session_.open(from));
  Driver& driver = *storage.driver();
  CopyRequest request{.from = from.key, .to = to.key, .mode = mode()};
  Attrs attrs;
  if (changes_attrs()) {
    ORLOP_ASSIGN(Meta meta, driver.stat(session_.context(), {.key = from.key}));
    attrs = merged(std::move(meta.attrs));
    request.attrs = &attrs;
  }
  auto copied = driver.copy(session_.context(), request);
  if (copied) return progress_.add_bytes(static_cast<std::int64_t>(copied->size)), copied->size;
  if (copied.error().code() != Code::unsupported) return std::move(copied).error();
  return copy_through_here(from, to);
}

// From one bucket to another, on the server. No condition can be asked of that with most services.
Result<std::uint64_t> Transfer::copy_between(const Target& from, const Target& to) {
  ORLOP_ASSIGN(Address source, Address::parse(from.container->url));
  ORLOP_ASSIGN(Place origin, place_of(session_, from));
  ORLOP_ASSIGN(Meta meta, origin.storage.driver()->stat(session_.context(), {.key = origin.key}));
  Attrs attrs;
  if (changes_attrs()) attrs = merged(meta.attrs);
  attrs.provider.emplace("MetadataDirective", changes_attrs() ? "REPLACE" : "COPY");
  attrs.provider.emplace("CopySource", source.authority + "/" + join(source.path, from.key));
  ORLOP_ASSIGN(Storage storage, session_.open(to));
  CopyRequest request{.from = from.key, .to = to.key, .attrs = &attrs, .mode = mode()};
  auto copied = storage.driver()->copy(session_.context(), request);
  if (copied) return progress_.add_bytes(static_cast<std::int64_t>(meta.size)), meta.size;
  if (copied.error().code() != Code::unsupported) return std::move(copied).error();
  return copy_through_here(from, to);
}

Result<std::uint64_t> Transfer::copy_through_here(const Target& from, const Target& to) {
  ORLOP_ASSIGN(Place source, place_of(session_, from));
  ORLOP_ASSIGN(Place sink, place_of(session_, to));
  ORLOP_ASSIGN(auto reader, source.storage.driver()->read(session_.context(), {.key = source.key}));
  const std::uint64_t size = reader->meta().size;
  WriteRequest request;
  request.key = sink.key;
  request.mode = mode();
  request.size = size;
  if (to.is_remote()) request.attrs = merged(reader->meta().attrs);
  ORLOP_ASSIGN(auto writer, sink.storage.driver()->write(session_.context(), request));
  std::vector<std::byte> buffer(buffer_size);
  Counter counter(progress_);
  for (;;) {
    ORLOP_ASSIGN(std::size_t count, reader->read(buffer));
    if (count == 0) break;
    ORLOP_TRY(writer->write(Bytes(buffer).first(count)));
    counter.add(count);
  }
  ORLOP_TRY(writer->commit());
  return size;
}

// unsupported: the bytes must be copied.
Result<void> Transfer::rename(const Target& from, const Target& to) {
  if (in_one_container(from, to) && !changes_attrs()) {
    ORLOP_ASSIGN(Storage storage, session_.open(from));
    return storage.driver()->move(session_.context(), {.from = from.key, .to = to.key, .mode = mode()});
  }
  if (!from.is_local() || !to.is_local()) return Error(Code::unsupported);
  const unsigned flags = options_.no_clobber ? RENAME_NOREPLACE : 0;
  if (::renameat2(AT_FDCWD, from.key.c_str(), AT_FDCWD, to.key.c_str(), flags) == 0) return {};
  if (errno == EXDEV || errno == EINVAL) return Error(Code::unsupported);
  return system_error({}, errno);
}

Result<void> Transfer::remove_source(const Target& from) {
  if (from.is_local()) {
    if (::unlink(from.key.c_str()) != 0) return system_error("it was copied, but the source stays", errno);
    return {};
  }
  ORLOP_ASSIGN(Storage storage, session_.open(from));
  ORLOP_ASSIGN(RemoveResults results, storage.driver()->remove(session_.context(), {.keys = {from.key}}));
  if (results.front())
    return results.front()->set_message(
        fmt::format("it was copied, but the source stays: {}", results.front()->message()));
  return {};
}

// Buckets of one S3 service, reached with the same credentials. Where they are may differ.
bool Transfer::on_one_service(const Target& from, const Target& to) const {
  if (!from.is_remote() || !to.is_remote()) return false;
  auto reached = [&](const Target& target) -> std::optional<StringMap> {
    auto address = Address::parse(target.container->url);
    auto options = session_.options_of(target);
    if (!address || !options || address->scheme != "s3") return std::nullopt;
    for (auto& [name, value] : address->options) options->emplace(name, value);
    options->erase("region");
    return *std::move(options);
  };
  auto source = reached(from);
  return source && source == reached(to);
}

bool Transfer::same_place(const Target& from, const Target& to) const {
  if (from.kind != to.kind || from.is_stream()) return false;
  if (from.is_remote() && !options_.remove_source && changes_attrs())
    return false;  // that is how attributes are replaced
  if (from.is_remote()) return session_.identity(from) == session_.identity(to);
  std::error_code ignored;
  return std::filesystem::equivalent(from.key, to.key, ignored);
}

SaveOptions Transfer::save_options() const {
  SaveOptions save;
  save.attrs = options_.attrs;
  save.exclusive = options_.no_clobber;
  save.gzip = options_.gzip;
  return save;
}

Attrs Transfer::merged(Attrs attrs) const {
  const Attrs& given = options_.attrs;
  attrs.content_type = take_over(given.content_type, attrs.content_type);
  attrs.content_encoding = take_over(given.content_encoding, attrs.content_encoding);
  attrs.content_disposition = take_over(given.content_disposition, attrs.content_disposition);
  attrs.cache_control = take_over(given.cache_control, attrs.cache_control);
  for (const auto& [name, value] : given.user) attrs.user.insert_or_assign(name, value);
  attrs.provider = given.provider;  // what the source's service calls its own may mean nothing to this one
  return attrs;
}

Result<std::uint64_t> pour(Session& session, Reader& reader, Progress& progress) {
  std::vector<std::byte> buffer(buffer_size);
  std::uint64_t total = 0;
  for (;;) {
    ORLOP_ASSIGN(std::size_t count, reader.read(buffer));
    if (count == 0) return total;
    if (!session.out().write(as_text(Bytes(buffer).first(count)))) return interrupted();
    total += count;
    progress.add_bytes(static_cast<std::int64_t>(count));
  }
}

}  // namespace orlop::cli
