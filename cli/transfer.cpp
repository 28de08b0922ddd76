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

#include "cli/descriptor.h"
#include "cli/identity.h"
#include "cli/paths.h"
#include "cli/special_file.h"
#include "orlop/naming.h"

namespace orlop::cli {
namespace {

constexpr std::size_t buffer_size = 1 << 20;

Error interrupted() { return Error(Code::canceled, "interrupted"); }

bool is_regular(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode);
}

// What a version of an object is known by.
std::string stamp_of(const Meta& meta) {
  const auto modified = meta.modified ? meta.modified->time_since_epoch().count() : 0;
  return fmt::format("{} {} {}", meta.etag, modified, meta.size);
}

// The same of a file; empty when it is none, or a pipe.
std::string stamp_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  return fmt::format("{} {} {} {}.{}", status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec);
}

// The same key of buckets with the same name: of two services, or of one that two names lead to.
bool have_one_name(const Target& from, const Target& to) {
  if (!from.is_remote() || !to.is_remote()) return false;
  auto source = Address::parse(from.container->url);
  auto sink = Address::parse(to.container->url);
  return source && sink && source->authority == sink->authority &&
         join(source->path, from.key) == join(sink->path, to.key);
}

Error but_it_stays(Error error) {
  error.set_message(fmt::format("it was copied, but the source stays: {}", error.message()));
  return error;
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
  if (to.is_local() && is_special_file(to.key)) return into_special_file(from, to);
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
  const Target place = behind_links(to);
  ORLOP_ASSIGN(Copied copied, copy(from, place));
  if (!options_.remove_source) return copied.size;
  if (look_alike(from, to, copied.stamp)) {
    constexpr Milliseconds next_second{1100};
    if (!session_.context().sleep(next_second)) return interrupted();
    ORLOP_ASSIGN(copied, copy(from, place));
  }
  if (auto sure = check_unchanged(from, copied.stamp); !sure) return but_it_stays(std::move(sure).error());
  ORLOP_TRY(remove_source(from));
  return copied.size;
}

Result<Transfer::Copied> Transfer::copy(const Target& from, const Target& to) {
  if (in_one_container(from, to)) return copy_within(from, to);
  if (on_one_service(from, to)) return copy_between(from, to);
  if (from.is_local() && to.is_remote()) {
    std::string stamp = stamp_of(from.key);
    ORLOP_ASSIGN(std::uint64_t size, upload(from, to));
    return Copied{size, std::move(stamp)};
  }
  // Only a driver's writer can leave a taken name alone without a race.
  const bool odd = from.is_remote() && !naming::check_relative(from.key);
  if (to.is_remote() || options_.no_clobber || odd) return copy_through_here(from, to);
  return download(from, to);
}

// What has this name already, and is written to, not replaced.
Result<std::uint64_t> Transfer::into_special_file(const Target& from, const Target& to) {
  if (options_.no_clobber) return Error(Code::already_exists);
  if (options_.remove_source) {
    return Error(Code::invalid_argument, "the destination is a device or a pipe: nothing would be left; use cp");
  }
  const bool piped = from.is_stream() || (from.is_local() && !is_regular(from.key));
  if (piped) {
    Descriptor source(from.is_stream() ? STDIN_FILENO : ::open(from.key.c_str(), O_RDONLY | O_CLOEXEC));
    if (source.get() < 0) return system_error({}, errno);
    auto next = [&](MutableBytes out) { return read_some(source.get(), out); };
    return write_into(session_, to.key, next, progress_);
  }
  ORLOP_ASSIGN(Place place, place_of(session_, from));
  ORLOP_ASSIGN(auto reader, place.storage.driver()->read(session_.context(), {.key = place.key}));
  return write_into(
      session_, to.key, [&](MutableBytes out) { return reader->read(out); }, progress_);
}

// A copy goes where a link leads; a move replaces the link, as a rename does.
Target Transfer::behind_links(const Target& to) const {
  if (!to.is_local() || options_.remove_source) return to;
  std::error_code failure;
  if (!std::filesystem::is_symlink(to.key, failure)) return to;
  const std::filesystem::path file = std::filesystem::canonical(to.key, failure);
  return failure ? to : to.with_key(file.native());
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
    ORLOP_ASSIGN(std::size_t count, read_some(fd, buffer));
    if (count == 0) break;
    ORLOP_TRY(writer->write(Bytes(buffer).first(count)));
    total += count;
    counter.add(count);
  }
  ORLOP_TRY(writer->commit());
  return total;
}

// Of a pipe or a terminal, whose reading Ctrl-C interrupts.
Result<std::size_t> Transfer::read_some(int fd, MutableBytes out) const {
  for (;;) {
    ssize_t count = ::read(fd, out.data(), out.size());
    if (session_.stopped()) return interrupted();
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) return system_error("what is read", errno);
  }
}

Result<Transfer::Copied> Transfer::download(const Target& from, const Target& to) {
  ORLOP_ASSIGN(Place place, place_of(session_, from));
  Counter counter(progress_);
  ORLOP_ASSIGN(Meta meta, place.storage.download(place.key, to.key, session_.context(), counter.callback()));
  counter.callback()(meta.size);
  return Copied{meta.size, stamp_of(meta)};
}

// On the server, where it can.
Result<Transfer::Copied> Transfer::copy_within(const Target& from, const Target& to) {
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
  if (copied) {
    progress_.add_bytes(static_cast<std::int64_t>(copied->size));
    return Copied{copied->size, {}};  // two keys of one bucket: writing one does not touch the other
  }
  if (copied.error().code() != Code::unsupported) return std::move(copied).error();
  return copy_through_here(from, to);
}

// From one bucket to another, on the server. No condition can be asked of that with most services.
Result<Transfer::Copied> Transfer::copy_between(const Target& from, const Target& to) {
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
  if (copied) {
    progress_.add_bytes(static_cast<std::int64_t>(meta.size));
    return Copied{meta.size, stamp_of(meta)};
  }
  if (copied.error().code() != Code::unsupported) return std::move(copied).error();
  return copy_through_here(from, to);
}

Result<Transfer::Copied> Transfer::copy_through_here(const Target& from, const Target& to) {
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
  return Copied{size, stamp_of(reader->meta())};
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

// Whether source and destination may be one object, of which nothing tells whether it has just been written: times of
// HTTP are seconds.
bool Transfer::look_alike(const Target& from, const Target& to, const std::string& stamp) {
  // What was absent when it was created is not the source.
  if (options_.no_clobber || !have_one_name(from, to)) return false;
  return present_stamp(from).value_or("") == stamp && present_stamp(to).value_or("") == stamp;
}

// A source that was written since it was read is not removed: by somebody else, or by this transfer, to which the two
// names looked different.
Result<void> Transfer::check_unchanged(const Target& from, const std::string& stamp) {
  if (stamp.empty()) return {};
  ORLOP_ASSIGN(std::string present, present_stamp(from));
  if (present.empty() || present == stamp) return {};
  return Error(Code::precondition_failed,
               "it was written meanwhile, or is the same as the destination under another name");
}

// Empty: there is no such thing.
Result<std::string> Transfer::present_stamp(const Target& target) {
  if (target.is_local()) return stamp_of(target.key);
  ORLOP_ASSIGN(Storage storage, session_.open(target));
  auto meta = storage.driver()->stat(session_.context(), {.key = target.key, .checksum = false});
  if (meta) return stamp_of(*meta);
  if (meta.error().code() == Code::not_found) return std::string();
  return std::move(meta).error();
}

Result<void> Transfer::remove_source(const Target& from) {
  if (from.is_local()) {
    if (::unlink(from.key.c_str()) != 0) return but_it_stays(system_error({}, errno));
    return {};
  }
  ORLOP_ASSIGN(Storage storage, session_.open(from));
  ORLOP_ASSIGN(RemoveResults results, storage.driver()->remove(session_.context(), {.keys = {from.key}}));
  if (results.front()) return but_it_stays(*std::move(results.front()));
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
  if (from.is_stream() || to.is_stream()) return false;
  if (to.is_remote() && !options_.remove_source && changes_attrs())
    return false;  // that is how attributes are replaced
  const auto source = local_path(from);
  const auto sink = local_path(to);
  if (source && sink) {
    std::error_code ignored;
    return std::filesystem::equivalent(*source, *sink, ignored);
  }
  return !source && !sink && session_.identity(from) == session_.identity(to);
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
