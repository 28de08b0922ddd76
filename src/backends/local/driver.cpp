// The local driver: objects are files, keys are paths below a root.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "backends/local/metadata.h"
#include "backends/local/new_file.h"
#include "backends/local/tree.h"
#include "backends/local/walker.h"
#include "engine/conditions.h"
#include "engine/listing.h"
#include "orlop/backends/local.h"
#include "wire/percent.h"

namespace orlop::local {
namespace {

// An open file goes on being what it was when others replace it under its name.
struct Object {
  Fd file;
  Meta meta;
};

class LocalReader final : public Reader {
 public:
  LocalReader(Context context, Object object, Range::Extent extent)
      : context_(std::move(context)), object_(std::move(object)), extent_(extent) {}

  const Meta& meta() const noexcept override { return object_.meta; }

  Result<std::size_t> read(MutableBytes out) override {
    if (auto error = context_.expired()) return *std::move(error);
    auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), extent_.end - extent_.begin));
    if (wanted == 0) return std::size_t{0};
    Payload rest = Payload::file(object_.file.get(), extent_.begin, extent_.end - extent_.begin);
    ORLOP_ASSIGN(std::size_t count, rest.read_at(0, out.first(wanted)));
    extent_.begin += count;
    return count;
  }

 private:
  Context context_;
  Object object_;
  Range::Extent extent_;
};

class LocalWriter final : public Writer {
 public:
  LocalWriter(const Context& context, WriteRequest request, NewFile file)
      : context_(context), request_(std::move(request)), file_(std::move(file)) {}

  Result<void> write(Bytes bytes) override { return write_from(Payload::bytes(bytes)); }

  Result<void> write_from(const Payload& payload) override {
    ORLOP_TRY(check_open());
    return keep_failure(file_.write(context_, payload));
  }

  Result<Meta> commit() override {
    ORLOP_TRY(check_open());
    closed_ = true;
    if (request_.size && *request_.size != file_.size())
      return Error(Code::invalid_argument,
                   fmt::format("{} bytes were announced, {} written", *request_.size, file_.size()));
    return file_.publish(context_, request_.attrs, request_.mode, request_.if_match);
  }

  void abort() noexcept override {
    closed_ = true;
    file_.discard();
  }

 private:
  Result<void> check_open() const {
    if (closed_) return Error(Code::invalid_argument, "the writer is closed");
    if (auto error = context_.expired()) return *std::move(error);
    return {};
  }

  // What was written in part must not be published.
  Result<void> keep_failure(Result<void> result) {
    if (!result) abort();
    return result;
  }

  const Context context_;
  const WriteRequest request_;
  NewFile file_;
  bool closed_ = false;
};

class LocalDriver final : public Driver {
 public:
  explicit LocalDriver(Options options)
      : options_(std::move(options)),
        file_options_{options_.file_mode, options_.fsync},
        tree_(options_.root, options_.directory_mode ? options_.directory_mode : 0777, options_.fsync) {
    info_.scheme = "file";
    info_.name = options_.root;
    info_.blocks = true;
    info_.caps = {
        Cap::read_suffix, Cap::read_conditions, Cap::put_create, Cap::put_match,   Cap::write_create, Cap::write_match,
        Cap::copy,        Cap::copy_create,     Cap::move,       Cap::move_atomic, Cap::put_atomic,   Cap::content_type,
        Cap::attrs,       Cap::user_metadata,   Cap::etag,       Cap::list_sorted, Cap::start_after};
    if (!options_.base_url.empty()) info_.caps.add(Cap::public_url);
  }

  const DriverInfo& info() const noexcept override { return info_; }

  Result<Meta> stat(const Context& context, const StatRequest& request) override {
    ORLOP_ASSIGN(Object object, open_object(context, request.key));
    ORLOP_TRY(engine::check_conditions(request.conditions, object.meta));
    return std::move(object.meta);
  }

  Result<std::unique_ptr<Reader>> read(const Context& context, const ReadRequest& request) override {
    ORLOP_ASSIGN(Object object, open_object(context, request.key));
    ORLOP_TRY(engine::check_conditions(request.conditions, object.meta));
    ORLOP_ASSIGN(Range::Extent extent, request.range.resolve(object.meta.size));
    return std::unique_ptr<Reader>(std::make_unique<LocalReader>(context, std::move(object), extent));
  }

  Result<Meta> put(const Context& context, const PutRequest& request) override {
    Attrs attrs = request.attrs ? *request.attrs : Attrs{};
    ORLOP_ASSIGN(NewFile file, new_file(context, request.key, attrs));
    ORLOP_TRY(file.write(context, request.payload));
    return file.publish(context, attrs, request.mode, request.if_match);
  }

  Result<std::unique_ptr<Writer>> write(const Context& context, const WriteRequest& request) override {
    ORLOP_ASSIGN(NewFile file, new_file(context, request.key, request.attrs));
    return std::unique_ptr<Writer>(std::make_unique<LocalWriter>(context, request, std::move(file)));
  }

  Result<Page> list(const Context& context, const ListRequest& request) override {
    ORLOP_ASSIGN(engine::PageBuilder page, engine::PageBuilder::open(request));
    Walker walker(tree_, context, request.prefix, request.delimiter == "/");
    for (;;) {
      ORLOP_ASSIGN(std::optional<Entry> entry, walker.next(page.position()));
      if (!entry || !page.offer(*std::move(entry))) return page.take();
    }
  }

  Result<RemoveResults> remove(const Context& context, const RemoveRequest& request) override {
    if (auto error = context.expired()) return *std::move(error);
    RemoveResults results;
    results.reserve(request.keys.size());
    for (const std::string& key : request.keys) {
      Result<void> removed = remove_one(context, key);
      results.push_back(removed ? std::nullopt : std::optional(std::move(removed).error()));
    }
    return results;
  }

  Result<Meta> copy(const Context& context, const CopyRequest& request) override {
    ORLOP_ASSIGN(Object source, open_object(context, request.from));
    Attrs attrs = request.attrs ? *request.attrs : source.meta.attrs;
    ORLOP_ASSIGN(NewFile file, new_file(context, request.to, attrs));
    ORLOP_TRY(file.write_all_of(context, source.file));
    return file.publish(context, attrs, request.mode, request.if_match);
  }

  // A rename, unless attributes change: they belong to the file, and the old name must keep the old ones till the end.
  Result<void> move(const Context& context, const CopyRequest& request) override {
    if (request.attrs || needs_sidecar(request.from)) {
      ORLOP_TRY(copy(context, request));
      return request.from == request.to ? Result<void>() : remove_one(context, request.from);
    }
    ORLOP_TRY(open_object(context, request.from));
    if (std::string_view why = unusable(request.to); !why.empty())
      return Error(Code::invalid_argument, std::string(why));
    SplitKey from = split(request.from);
    SplitKey to = split(request.to);
    ORLOP_ASSIGN(Fd from_directory, tree_.open_directory(from.directory));
    ORLOP_ASSIGN(Fd to_directory, tree_.make_directory(to.directory));
    Result<void> moved = move_into_place(context, from_directory, std::string(from.name), to_directory,
                                         std::string(to.name), request.mode, request.if_match);
    if (moved && options_.fsync && (::fsync(to_directory.get()) != 0 || ::fsync(from_directory.get()) != 0))
      return system_error(errno, "sync the directory");
    tree_.tidy(moved ? from.directory : to.directory);
    return moved;
  }

  Result<std::string> public_url(std::string_view key) const override {
    if (options_.base_url.empty()) return Error(Code::unsupported, "no base_url is set");
    std::string url = options_.base_url;
    if (!url.ends_with('/')) url += '/';
    wire::append_path(url, key);
    return url;
  }

  Result<Presigned> presign(const Context&, const PresignRequest&) override {
    return Error(Code::unsupported, "local files have no signed addresses");
  }

  Multipart* multipart() noexcept override { return nullptr; }

 private:
  Result<Object> open_object(const Context& context, std::string_view key) const {
    for (;;) {
      if (auto error = context.expired()) return *std::move(error);
      ORLOP_ASSIGN(Fd file, tree_.open_file(key));
      ORLOP_ASSIGN(Meta meta, load_meta(tree_, split(key).directory, file));
      // Replaced while we looked: its sidecar may have gone with it.
      struct stat facts;
      if (::fstat(file.get(), &facts) == 0 && facts.st_nlink == 0) continue;
      return Object{std::move(file), std::move(meta)};
    }
  }

  Result<NewFile> new_file(const Context& context, std::string_view key, const Attrs& attrs) const {
    if (auto error = context.expired()) return *std::move(error);
    ORLOP_TRY(check_attrs(attrs));
    return NewFile::open(tree_, key, file_options_);
  }

  Result<void> remove_one(const Context& context, std::string_view key) const {
    if (!unusable(key).empty()) return {};
    SplitKey place = split(key);
    auto directory = tree_.open_directory(place.directory);
    if (!directory && directory.error().code() == Code::not_found) return {};
    if (!directory) return std::move(directory).error();
    ORLOP_TRY(remove_file(context, *directory, std::string(place.name)));
    if (options_.fsync && ::fsync(directory->get()) != 0) return system_error(errno, "sync the directory");
    tree_.tidy(place.directory);
    return {};
  }

  bool needs_sidecar(std::string_view key) const {
    auto file = tree_.open_file(key);
    return file && has_sidecar(tree_, split(key).directory, *file);
  }

  const Options options_;
  const FileOptions file_options_;
  const Tree tree_;
  DriverInfo info_;
};

constexpr std::array option_specs{
    OptionSpec{"fsync", OptionType::boolean, "finished writes survive a power cut"},
    OptionSpec{"base_url", OptionType::text, "what public addresses begin with"},
    OptionSpec{"file_mode", OptionType::text, "permissions of new files, in octal: 644"},
    OptionSpec{"directory_mode", OptionType::text, "permissions of new directories, in octal: 755"},
};

Result<void> read_mode(const OptionReader& reader, std::string_view name, std::uint32_t& mode) {
  std::string text;
  ORLOP_TRY(reader.read(name, text));
  if (text.empty()) return {};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (error == std::errc{} && end == text.data() + text.size() && mode <= 07777) return {};
  return Error(Code::config_invalid, std::string(name) + ": write permissions in octal, for example 644");
}

Result<Options> options_of(const Address& address) {
  if (!address.authority.empty() && address.authority != "localhost")
    return Error(Code::config_invalid, "a directory is written file:///dir, with three slashes");
  OptionReader reader(option_specs, address.options);
  ORLOP_TRY(reader.check_names());
  Options options;
  options.root = address.path;
  ORLOP_TRY(reader.read("fsync", options.fsync));
  ORLOP_TRY(reader.read("base_url", options.base_url));
  ORLOP_TRY(read_mode(reader, "file_mode", options.file_mode));
  ORLOP_TRY(read_mode(reader, "directory_mode", options.directory_mode));
  return options;
}

Result<Backend::Opened> open_address(const Address& address) {
  ORLOP_ASSIGN(Options options, options_of(address));
  ORLOP_ASSIGN(std::shared_ptr<Driver> driver, open(std::move(options)));
  return Backend::Opened{std::move(driver), {}};
}

Result<void> create_directory(const Address& address, const Context&) {
  ORLOP_ASSIGN(Options options, options_of(address));
  if (options.root.empty()) return Error(Code::config_invalid, "root: name a directory");
  Tree tree(options.root, options.directory_mode ? options.directory_mode : 0777, options.fsync);
  ORLOP_TRY(tree.make_directory(""));
  return {};
}

}  // namespace

Result<std::shared_ptr<Driver>> open(Options options) {
  if (options.root.empty()) return Error(Code::config_invalid, "root: name a directory");
  if (options.root.find('\0') != std::string::npos) return Error(Code::config_invalid, "root: a path cannot hold NUL");
  while (options.root.size() > 1 && options.root.ends_with('/')) options.root.pop_back();
  return std::shared_ptr<Driver>(std::make_shared<LocalDriver>(std::move(options)));
}

const Backend backend{.scheme = "file",
                      .summary = "objects as files below a directory",
                      .options = option_specs,
                      .open = open_address,
                      .create = create_directory};

}  // namespace orlop::local
