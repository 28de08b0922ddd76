#include "backends/local/metadata.h"

#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "wire/percent.h"

namespace orlop::local {
namespace {

constexpr const char* attribute_name = "user.orlop.attrs";
constexpr std::size_t attrs_max = 60'000;  // a value of an extended attribute has at most 64 KiB (xattr(7))

struct Field {
  std::string_view name;
  std::string Attrs::*member;
};
constexpr std::array fields{
    Field{"content-type", &Attrs::content_type},         Field{"content-encoding", &Attrs::content_encoding},
    Field{"content-language", &Attrs::content_language}, Field{"content-disposition", &Attrs::content_disposition},
    Field{"cache-control", &Attrs::cache_control},       Field{"expires", &Attrs::expires}};
constexpr std::string_view user_prefix = "user.";

// One "name=value" a line, both percent-encoded.
std::string encode(const Attrs& attrs) {
  std::string text;
  auto add = [&](std::string_view prefix, std::string_view name, std::string_view value) {
    text += prefix;
    wire::append_query(text, name);
    text += '=';
    wire::append_query(text, value);
    text += '\n';
  };
  for (const Field& field : fields)
    if (!(attrs.*field.member).empty()) add({}, field.name, attrs.*field.member);
  for (const auto& [name, value] : attrs.user) add(user_prefix, name, value);
  return text;
}

Error damaged() { return Error(Code::data_corrupted, "the attributes kept with the file cannot be read"); }

Result<void> decode_line(std::string_view line, Attrs& attrs) {
  std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) return damaged();
  auto name = wire::decode_percent(line.substr(0, equals));
  auto value = wire::decode_percent(line.substr(equals + 1));
  if (!name || !value) return damaged();
  for (const Field& field : fields)
    if (field.name == *name) attrs.*field.member = *value;
  if (name->starts_with(user_prefix)) attrs.user[name->substr(user_prefix.size())] = *value;
  return {};
}

Result<Attrs> decode(std::string_view text) {
  Attrs attrs;
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return damaged();
    ORLOP_TRY(decode_line(text.substr(0, end), attrs));
    text.remove_prefix(end + 1);
  }
  return attrs;
}

// Result: empty when there are none.
Result<std::string> read_extended(const Fd& file) {
  std::string text(1024, '\0');
  for (;;) {
    ssize_t size = ::fgetxattr(file.get(), attribute_name, text.data(), text.size());
    if (size >= 0) return text.substr(0, static_cast<std::size_t>(size));
    if (errno == ENODATA || errno == EOPNOTSUPP) return std::string();
    if (errno != ERANGE || text.size() > attrs_max) return system_error(errno, "read the attributes of the file");
    text.resize(attrs_max + 1);
  }
}

// Result: empty when there is none.
Result<std::string> read_sidecar(const Tree& tree, std::string_view directory, const struct stat& facts) {
  auto parent = tree.open_directory(directory);
  if (!parent) return std::string();
  Fd sidecar(::openat(parent->get(), sidecar_name(facts).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!sidecar) return std::string();
  std::string text(attrs_max + 1, '\0');
  ssize_t size = ::pread(sidecar.get(), text.data(), text.size(), 0);
  if (size < 0) return system_error(errno, "read the attributes of the file");
  text.resize(static_cast<std::size_t>(size));
  return text;
}

Result<void> write_sidecar(const Fd& directory, const struct stat& facts, std::string_view text) {
  std::string name = sidecar_name(facts);
  Fd sidecar(::openat(directory.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                      facts.st_mode & 0777));
  if (!sidecar) return system_error(errno, "keep the attributes of the file");
  if (::write(sidecar.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())) return {};
  int number = errno;
  ::unlinkat(directory.get(), name.c_str(), 0);
  return system_error(number, "keep the attributes of the file");
}

}  // namespace

std::string etag_of(const struct stat& facts) {
  std::array<char, 80> text;
  int size = std::snprintf(
      text.data(), text.size(), "\"%llx-%llx-%llx%08lx\"", static_cast<unsigned long long>(facts.st_ino),
      static_cast<unsigned long long>(facts.st_size), static_cast<unsigned long long>(facts.st_mtim.tv_sec),
      static_cast<unsigned long>(facts.st_mtim.tv_nsec));
  return {text.data(), static_cast<std::size_t>(size)};
}

SystemTime modified_of(const struct stat& facts) {
  return SystemTime(std::chrono::seconds(facts.st_mtim.tv_sec) +
                    std::chrono::microseconds(facts.st_mtim.tv_nsec / 1000));
}

std::string sidecar_name(const struct stat& facts) {
  std::string etag = etag_of(facts);
  return std::string(private_prefix) + "attrs-" + etag.substr(1, etag.size() - 2);
}

Result<void> check_attrs(const Attrs& attrs) {
  if (!attrs.provider.empty())
    return Error(Code::invalid_argument, "local files have no option " + attrs.provider.begin()->first);
  if (encode(attrs).size() > attrs_max)
    return Error(Code::invalid_argument, "more attributes than can be kept with a file");
  return {};
}

Result<void> store_attrs(const Fd& directory, const Fd& file, const Attrs& attrs) {
  std::string text = encode(attrs);
  if (text.empty()) return {};
  if (::fsetxattr(file.get(), attribute_name, text.data(), text.size(), 0) == 0) return {};
  // The file system has none (EOPNOTSUPP), or little room for them: ext4 keeps all of a file in one block (ENOSPC).
  if (errno != EOPNOTSUPP && errno != ENOSPC && errno != E2BIG && errno != ERANGE && errno != EPERM)
    return system_error(errno, "keep the attributes of the file");
  struct stat facts;
  if (::fstat(file.get(), &facts) != 0) return system_error(errno, "keep the attributes of the file");
  return write_sidecar(directory, facts, text);
}

bool has_sidecar(const Tree& tree, std::string_view directory, const Fd& file) {
  struct stat facts;
  auto parent = tree.open_directory(directory);
  return parent && ::fstat(file.get(), &facts) == 0 &&
         ::faccessat(parent->get(), sidecar_name(facts).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

Result<Meta> load_meta(const Tree& tree, std::string_view directory, const Fd& file) {
  struct stat facts;
  if (::fstat(file.get(), &facts) != 0) return system_error(errno, "look at the file");
  ORLOP_ASSIGN(std::string text, read_extended(file));
  if (text.empty()) {
    ORLOP_ASSIGN(text, read_sidecar(tree, directory, facts));
  }
  Meta meta;
  ORLOP_ASSIGN(meta.attrs, decode(text));
  meta.size = static_cast<std::uint64_t>(facts.st_size);
  meta.modified = modified_of(facts);
  meta.etag = etag_of(facts);
  return meta;
}

}  // namespace orlop::local
